import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dataset, datasetPage, trainRequest } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { problemOf, useApi } from './running-api.fixture.js';

const MAX_UPLOAD_BYTES = 1_300_000;
const api = useApi({ MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES) });

function postForm(content: string | Uint8Array<ArrayBuffer>, field = 'file', name = 'text.txt'): Promise<Response> {
  const form = new FormData();
  form.append(field, new Blob([content]), name);
  return fetch(`${api().url}/api/datasets`, { method: 'POST', body: form });
}

function postText(content: string | Uint8Array<ArrayBuffer>, query = '?name=a text'): Promise<Response> {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return fetch(`${api().url}/api/datasets${query}`, { method: 'POST', headers, body: content });
}

/** `chunks` pieces of 66 kB, made as they are asked for. */
function longText(chunks: number): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode('whale '.repeat(11_000));
  let left = chunks;
  return new ReadableStream({
    pull: (controller) => {
      controller.enqueue(chunk);
      left -= 1;
      if (left === 0) controller.close();
    },
  });
}

test('moby-dick is there from the start', async () => {
  const found = dataset.parse(await (await fetch(`${api().url}/api/datasets/moby-dick`)).json());
  expect(found).toMatchObject({ characters: 1_190_317, vocabularySize: 83 });
});

test('an uploaded file becomes a dataset whose text comes back byte for byte', async () => {
  const text = '\uFEFFCall me Ishmaël.\r\n🐋';
  const response = await postForm(text);
  expect(response.status).toBe(201);
  const created = dataset.parse(await response.json());
  expect(created).toMatchObject({ name: 'text.txt', bytes: 26, characters: 20, vocabularySize: 15 });
  expect(response.headers.get('location')).toBe(`/api/datasets/${created.id}`);
  const content = await fetch(`${api().url}/api/datasets/${created.id}/content`);
  expect(content.headers.get('content-length')).toBe('26');
  expect(Buffer.from(await content.arrayBuffer()).toString()).toBe(text);
});

test('the same bytes are one dataset, which keeps its first name', async () => {
  const first = dataset.parse(await (await postText('the same bytes', '?name=first')).json());
  const [second, third] = await Promise.all([postText('the same bytes', '?name=second'), postForm('the same bytes')]);
  expect(second.status).toBe(201);
  expect(dataset.parse(await second.json())).toEqual(first);
  expect(dataset.parse(await third.json())).toEqual(first);
});

test('the built-in text uploaded again is the built-in dataset', async () => {
  const whale = await (await fetch(`${api().url}/api/datasets/moby-dick/content`)).arrayBuffer();
  const response = await postText(new Uint8Array(whale), '?name=my whale');
  expect(dataset.parse(await response.json())).toMatchObject({ id: 'moby-dick', bytes: whale.byteLength });
});

test('a list continues after its cursor', async () => {
  await postText('one more');
  const first = datasetPage.parse(await (await fetch(`${api().url}/api/datasets?limit=1`)).json());
  const rest = datasetPage.parse(await (await fetch(`${api().url}/api/datasets?after=${first.nextCursor}`)).json());
  const ids = [...first.data, ...rest.data].map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids).toContain('moby-dick');
  expect(rest.nextCursor).toBeNull();
});

test.each([
  ['form', postForm],
  ['body', postText],
])('an empty text sent as %s is refused', async (_, post) => {
  expect(await problemOf(await post(''))).toMatchObject({ status: 422, code: 'text_empty' });
});

test.each([
  ['form', postForm],
  ['body', postText],
])('bytes that are not UTF-8 sent as %s are refused with their place', async (_, post) => {
  const problem = await problemOf(await post(new Uint8Array([97, 98, 0xc3, 0xa4, 0xff, 99])));
  expect(problem).toMatchObject({ status: 400, code: 'invalid_utf8', byteOffset: 4 });
});

test.each([
  ['form', postForm],
  ['body', postText],
])('a text of exactly the limit sent as %s is taken, and one byte more is refused', async (_, post) => {
  expect((await post('a'.repeat(MAX_UPLOAD_BYTES))).status).toBe(201);
  const problem = await problemOf(await post('a'.repeat(MAX_UPLOAD_BYTES + 1)));
  expect(problem).toMatchObject({ status: 413, code: 'upload_too_large', maxBytes: MAX_UPLOAD_BYTES });
});

test('an upload of unknown length is refused once it passes the limit, and nothing of it is kept', async () => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: longText(500),
    duplex: 'half',
  } as const;
  const problem = await problemOf(await fetch(`${api().url}/api/datasets`, init));
  expect(problem).toMatchObject({ status: 413, code: 'upload_too_large' });
  const root = (await api().storage.localFolder('datasets')).path;
  expect(await readdir(join(root, '..', '.staging'))).toEqual([]);
});

/** Sends a form that no browser would. */
function postRawForm(...lines: string[]): Promise<Response> {
  const headers = { 'content-type': 'multipart/form-data; boundary="B"' };
  return fetch(`${api().url}/api/datasets`, { method: 'POST', headers, body: lines.join('\r\n') });
}

const FILE = ['--B', 'Content-Disposition: form-data; name="file"; filename="a.txt"'];

test('a form without a file is refused', async () => {
  expect(await problemOf(await postRawForm('--B--', ''))).toMatchObject({ status: 400, code: 'missing_file' });
});

test.each(['upload', 'name', 'filé'])('a form with the unknown field %s is refused by its name', async (field) => {
  const first = await problemOf(await postForm('text', field));
  expect(first).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ path: field }] });
  const form = new FormData();
  form.append('file', new Blob(['a text before an unknown field']), 'text.txt');
  form.append(field, 'b');
  const response = await fetch(`${api().url}/api/datasets`, { method: 'POST', body: form });
  expect(await problemOf(response)).toMatchObject({ code: 'invalid_request', errors: [{ path: field }] });
});

test('a form with two files is refused, and neither is kept', async () => {
  const form = new FormData();
  form.append('file', new Blob(['the first of two']), 'first.txt');
  form.append('file', new Blob(['the second of two']), 'second.txt');
  const response = await fetch(`${api().url}/api/datasets`, { method: 'POST', body: form });
  expect(await problemOf(response)).toMatchObject({ code: 'invalid_request', errors: [{ path: 'file' }] });
  const kept = datasetPage.parse(await (await fetch(`${api().url}/api/datasets?limit=200`)).json());
  expect(kept.data).not.toContainEqual(expect.objectContaining({ name: 'first.txt' }));
});

test.each([
  ['ends without its last boundary', ['', 'Call me']],
  ['ends within the headers of a part', []],
  ['ends after a boundary', ['', 'Call me', '--B', '']],
  ['has a part without a name', ['', 'Call me', '--B', 'Content-Type: text/plain', '', 'a', '--B--', '']],
  ['has a part without a blank line', ['', 'Call me', '--B', 'a', '--B--', '']],
  ['has a part in base64', ['Content-Transfer-Encoding: base64', '', 'Q2FsbA==', '--B--', '']],
])('a form that %s is refused', async (_, rest) => {
  const response = await postRawForm(...FILE, ...rest);
  expect(await problemOf(response)).toMatchObject({ status: 400, code: 'malformed_multipart' });
});

test('the name of a file is read as UTF-8, or as it is, and without its folders', async () => {
  const named = async (name: string, text: string) => {
    const disposition = `Content-Disposition: form-data; name="file"; ${name}`;
    const response = await postRawForm(
      '--B',
      disposition,
      'Content-Type: text/plain; charset=UTF-8',
      '',
      text,
      '--B--',
    );
    return dataset.parse(await response.json()).name;
  };
  expect(await named('filename="C:\\texts\\Wäl%22e.txt"', 'a text in a folder')).toBe('Wäl"e.txt');
  expect(await named("filename*=UTF-8''W%C3%A4le.txt", 'a text with an extended name')).toBe('Wäle.txt');
});

test.each(['latin1', 'UTF-16', '"iso-8859-1"'])('a text that is declared as %s is refused', async (charset) => {
  const type = `text/plain; charset=${charset}`;
  const init = { method: 'POST', headers: { 'content-type': type }, body: 'text' };
  const asBody = await problemOf(await fetch(`${api().url}/api/datasets`, init));
  const asForm = await problemOf(await postRawForm(...FILE, `Content-Type: ${type}`, '', 'text', '--B--'));
  expect([asBody, asForm]).toMatchObject([
    { status: 415, code: 'unsupported_charset' },
    { status: 415, code: 'unsupported_charset' },
  ]);
});

test('a form without a boundary is refused', async () => {
  const headers = { 'content-type': 'multipart/form-data' };
  const response = await fetch(`${api().url}/api/datasets`, { method: 'POST', headers, body: 'text' });
  expect(await problemOf(response)).toMatchObject({ status: 400, code: 'malformed_multipart' });
});

test('another content type is refused', async () => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${api().url}/api/datasets`, { method: 'POST', headers, body: '{}' });
  expect(await problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
});

test('a name with control characters and an unknown query are refused by name', async () => {
  const problem = await problemOf(await postText('some text', '?name=a%00b&colour=white'));
  expect(problem.errors?.map(({ path }) => path).sort()).toEqual(['colour', 'name']);
});

test('a dataset that is not there is 404', async () => {
  for (const path of ['nothing', 'nothing/content']) {
    const response = await fetch(`${api().url}/api/datasets/${path}`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'dataset_not_found' });
  }
});

test('an id that would leave the folder is refused', async () => {
  const response = await fetch(`${api().url}/api/datasets/..%2F..%2Fetc`);
  expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ path: 'id' }] });
});

test('a dataset is deleted unless a live job uses it', async () => {
  const { id } = dataset.parse(await (await postText('to be or not to be')).json());
  const request = trainRequest.parse({ dataset: id, model: { kind: 'bigram' } });
  const [job] = await api().jobs.create([{ kind: 'train', request }]);
  const refused = await fetch(`${api().url}/api/datasets/${id}`, { method: 'DELETE' });
  expect(await problemOf(refused)).toMatchObject({ status: 409, code: 'dataset_in_use', job: job?.id });
  await api().jobs.cancel(job?.id ?? '');
  expect((await fetch(`${api().url}/api/datasets/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${api().url}/api/datasets/${id}`)).status).toBe(404);
});

test('a text that was deleted and is sent again is trained on', async () => {
  const send = async () => dataset.parse(await (await postText('to be sent again '.repeat(99))).json());
  const { id } = await send();
  await fetch(`${api().url}/api/datasets/${id}`, { method: 'DELETE' });
  const train = () =>
    fetch(`${api().url}/api/jobs/train`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset: id, model: { kind: 'bigram' } }),
    });
  expect(await problemOf(await train())).toMatchObject({ status: 422, code: 'unknown_dataset' });
  await send();
  expect((await train()).status).toBe(202);
});

test('a dataset that is being deleted while a job is created is unknown to the job, which names its field', async () => {
  const { id } = dataset.parse(await (await postText('to be deleted meanwhile '.repeat(99))).json());
  const artifact = { kind: 'dataset', id } as const;
  await api().jobs.artifacts.startDeletion(artifact);
  const request = { dataset: id, model: { kind: 'bigram' } };
  const post = (path: string, body: unknown) =>
    fetch(`${api().url}/api/jobs/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const one = await problemOf(await post('train', request));
  expect(one).toMatchObject({ status: 422, code: 'unknown_dataset', detail: expect.stringMatching(/^dataset: /u) });
  const items = [
    { kind: 'train', ...request, dataset: 'moby-dick' },
    { kind: 'train', ...request },
  ];
  const batch = await problemOf(await post('batch', items));
  expect(batch).toMatchObject({ code: 'unknown_dataset', detail: expect.stringMatching(/^items\[1\]\.dataset: /u) });
});

test('moby-dick cannot be deleted', async () => {
  const response = await fetch(`${api().url}/api/datasets/moby-dick`, { method: 'DELETE' });
  expect(await problemOf(response)).toMatchObject({ status: 409, code: 'dataset_built_in' });
});
