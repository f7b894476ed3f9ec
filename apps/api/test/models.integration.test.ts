import { createHash } from 'node:crypto';
import { generateRequest, modelPage } from '@glyphmill/contract';
import { modelManifest } from '@glyphmill/model/config';
import { expect, test } from 'vitest';
import { MODEL_FILES, publishModel } from './model.fixture.js';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi();
const GRAPH = 'onnx/model.onnx';

function getFile(id: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${api().url}/api/models/${id}/files/${path}`, { method, headers });
}

test('models are listed newest first, and each is found by its id', async () => {
  const older = await publishModel(api().storage);
  const newer = await publishModel(api().storage);
  const page = modelPage.parse(await (await fetch(`${api().url}/api/models`)).json());
  const ids = page.data.map(({ id }) => id);
  expect(ids.indexOf(newer)).toBeLessThan(ids.indexOf(older));
  const found = modelManifest.parse(await (await fetch(`${api().url}/api/models/${newer}`)).json());
  expect(found).toMatchObject({ id: newer, kind: 'bigram', vocabularySize: 83 });
});

test('a file comes with its type, its length, and its sha256 as ETag', async () => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, GRAPH);
  const sha256 = createHash('sha256')
    .update(MODEL_FILES[GRAPH] ?? '')
    .digest('hex');
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    etag: `"${sha256}"`,
    'accept-ranges': 'bytes',
    'content-length': '10',
    'content-type': 'application/octet-stream',
  });
  expect(await response.text()).toBe(MODEL_FILES[GRAPH]);
  expect((await getFile(id, 'README.md')).headers.get('content-type')).toBe('text/markdown; charset=utf-8');
});

test('the manifest is a file too', async () => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, 'manifest.json', { 'accept-encoding': 'identity' });
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('etag')).toMatch(/^".+"$/u);
  expect(modelManifest.parse(await response.json()).id).toBe(id);
});

test.each(['nothing.txt', '..%2f..%2fdatasets/moby-dick/content', '%2e%2e/manifest.json', 'onnx', ''])(
  'the path "%s" names no file of the model',
  async (path) => {
    const id = await publishModel(api().storage);
    expect((await problemOf(await getFile(id, path))).status).toBe(404);
  },
);

test('a model that is not there is 404', async () => {
  for (const path of ['', '/files/README.md']) {
    const response = await fetch(`${api().url}/api/models/nothing${path}`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'model_not_found' });
  }
});

test('a model is deleted unless a live job uses it', async () => {
  const id = await publishModel(api().storage);
  const request = generateRequest.parse({ model: id, prompts: ['a'] });
  const [job] = await api().jobs.create([{ kind: 'generate', request, promptCount: 1 }]);
  const url = `${api().url}/api/models/${id}`;
  const refused = await fetch(url, { method: 'DELETE' });
  expect(await problemOf(refused)).toMatchObject({ status: 409, code: 'model_in_use', job: job?.id });
  await api().jobs.cancel(job?.id ?? '');
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(url)).status).toBe(404);
});
