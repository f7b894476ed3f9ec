import { createHash } from 'node:crypto';
import { generateRequest } from '@glyphmill/jobs';
import { modelManifest } from '@glyphmill/model/config';
import { expect, test } from 'vitest';
import { modelPage } from '../src/models/model-page.js';
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
  const response = await getFile(id, 'manifest.json');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('etag')).toMatch(/^".+"$/u);
  expect(modelManifest.parse(await response.json()).id).toBe(id);
});

test('HEAD gives the headers of GET and no body', async () => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, GRAPH, {}, 'HEAD');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('10');
  expect(await response.text()).toBe('');
});

test.each([
  ['bytes=2-4', '234', 'bytes 2-4/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-2', '89', 'bytes 8-9/10'],
])('the range %s is answered with 206', async (range, text, contentRange) => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, GRAPH, { range });
  expect(response.status).toBe(206);
  expect(response.headers.get('content-range')).toBe(contentRange);
  expect(response.headers.get('content-length')).toBe(String(text.length));
  expect(await response.text()).toBe(text);
});

test('a range beyond the end is 416 and says how long the file is', async () => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, GRAPH, { range: 'bytes=10-' });
  expect(response.headers.get('content-range')).toBe('bytes */10');
  expect(await problemOf(response)).toMatchObject({ status: 416, code: 'range_not_satisfiable', sizeBytes: 10 });
});

test('a client that has the file already gets 304', async () => {
  const id = await publishModel(api().storage);
  const etag = (await getFile(id, GRAPH)).headers.get('etag') ?? '';
  const response = await getFile(id, GRAPH, { 'if-none-match': `"other", ${etag}` });
  expect(response.status).toBe(304);
  expect(response.headers.get('etag')).toBe(etag);
  expect(await response.text()).toBe('');
  expect((await getFile(id, GRAPH, { 'if-none-match': '"other"' })).status).toBe(200);
});

test('a range of another version of the file is answered with the whole file', async () => {
  const id = await publishModel(api().storage);
  const response = await getFile(id, GRAPH, { range: 'bytes=0-1', 'if-range': '"other"' });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(MODEL_FILES[GRAPH]);
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
