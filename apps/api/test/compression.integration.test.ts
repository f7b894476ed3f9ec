import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type JobEvent, trainRequest } from '@glyphmill/contract';
import { expect, test, vi } from 'vitest';
import { publishModel } from './model.fixture.js';
import { postJson, useApi } from './running-api.fixture.js';
import { openArtifacts, STORED } from './stored-text.fixture.js';

const api = useApi();

const TEXT = 'Call me Ishmael. Some years ago\n'.repeat(1000);

const KINDS = Object.entries(STORED);

/** An answer as it comes over the wire, which `fetch` would decompress. */
async function ask(url: string, headers: Record<string, string>, method = 'GET'): Promise<IncomingMessage> {
  const request = get(url, { agent: false, headers, method });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

const gzip = { 'accept-encoding': 'gzip, deflate, br' };

test.each(KINDS)('%s is compressed for a client that takes gzip, with a weak ETag and no length', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  const response = await ask(url, gzip);
  expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding', etag: `W/${etag}` });
  expect(response.headers).not.toHaveProperty('content-length');
  const bytes = await buffer(response);
  expect(bytes.length).toBeLessThan(TEXT.length / 10);
  expect(gunzipSync(bytes).toString()).toBe(TEXT);

  const head = await ask(url, gzip, 'HEAD');
  const { date: _date, 'x-request-id': _id, 'transfer-encoding': _coding, ...headers } = response.headers;
  expect(head.headers).toMatchObject(headers);
  expect(head.headers).not.toHaveProperty('content-length');

  const again = await ask(url, { ...gzip, 'if-none-match': `W/${etag}` });
  expect([again.statusCode, again.headers.etag]).toEqual([304, `W/${etag}`]);
});

test.each(KINDS)('a range of %s is never compressed', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  const response = await ask(url, { ...gzip, range: 'bytes=0-1999' });
  expect(response.statusCode).toBe(206);
  expect(response.headers).toMatchObject({ etag, 'content-length': '2000', vary: 'accept-encoding' });
  expect((await buffer(response)).toString()).toBe(TEXT.slice(0, 2000));
  // What is weak names no bytes that a range could be of.
  expect((await ask(url, { ...gzip, range: 'bytes=0-1999', 'if-range': `W/${etag}` })).statusCode).toBe(200);
});

test.each(KINDS)('%s is not whole for a client that got it compressed if it is shorter', async (_, store) => {
  const large = 'Call me Ishmael.'.repeat(2 ** 20);
  const { url, resize } = await store(api(), large);
  const response = await ask(url, gzip);
  await resize(large.length / 4);
  await expect(buffer(response)).rejects.toThrow('aborted');
  await vi.waitFor(async () => expect(await openArtifacts(api().storage)).toEqual([]), 120_000);
});

test.each(KINDS)('a client that leaves a compressed answer of %s leaves no file open', async (_, store) => {
  const { url } = await store(api(), TEXT.repeat(1000));
  const responses = await Promise.all(Array.from({ length: 10 }, () => ask(url, gzip)));
  expect((await openArtifacts(api().storage)).length).toBeGreaterThan(0);
  for (const response of responses) response.destroy();
  await vi.waitFor(async () => expect(await openArtifacts(api().storage)).toEqual([]), 120_000);
});

test.each([undefined, '', 'identity', 'br', 'gzip;q=0', '*;q=0', 'gzip;q=0.5, identity'])(
  'a client that accepts "%s" gets the text as it is, and caches know that others may not',
  async (accepted) => {
    const { url, etag } = await STORED['the content of a dataset']!(api(), TEXT);
    const response = await ask(url, accepted === undefined ? {} : { 'accept-encoding': accepted });
    expect(response.headers).toMatchObject({ etag, vary: 'accept-encoding', 'content-length': String(TEXT.length) });
    expect(response.headers).not.toHaveProperty('content-encoding');
    expect((await buffer(response)).toString()).toBe(TEXT);
  },
);

test.each(['80 days\n', '(See above)\n', 'Hj\n', 'x\u0001\n'])(
  'a text that begins with %j, as what is compressed may, is compressed',
  async (start) => {
    const { url } = await STORED['the content of a dataset']!(api(), start + TEXT);
    const response = await ask(url, gzip);
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(await buffer(response)).toString()).toBe(start + TEXT);
  },
);

test('lists, the document and the pages are compressed, with the length of what is sent', async () => {
  for (let count = 0; count < 3; count += 1) await publishModel(api().storage);
  for (const path of ['api/models', 'api/openapi.json', 'docs/swagger-ui-bundle.js']) {
    const whole = await (await fetch(`${api().url}/${path}`)).text();
    const response = await ask(`${api().url}/${path}`, gzip);
    expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    const bytes = await buffer(response);
    expect(Number(response.headers['content-length'] ?? bytes.length)).toBe(bytes.length);
    expect(gunzipSync(bytes).toString()).toBe(whole);
    const head = await ask(`${api().url}/${path}`, gzip, 'HEAD');
    expect(head.headers['content-encoding']).toBe('gzip');
    expect(head.headers['content-length']).toBe(response.headers['content-length']);
  }
});

test('a problem of many fields is compressed, a short one is not', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 50 }, (_, place) => [`field${place}`, 1]));
  const long = await postJson(`${api().url}/api/jobs/train`, unknown);
  expect([long.status, long.headers.get('content-encoding')]).toEqual([400, 'gzip']);
  expect(await long.json()).toMatchObject({ code: 'invalid_request' });
  const short = await ask(`${api().url}/api/jobs/nothing`, gzip);
  expect([short.statusCode, short.headers['content-encoding']]).toEqual([404, undefined]);
});

test('weights and graphs are not compressed', async () => {
  const id = await publishModel(
    api().storage,
    {
      files: [{ path: 'model.safetensors', sizeBytes: TEXT.length, sha256: '0'.repeat(64) }],
    },
    { 'model.safetensors': TEXT },
  );
  const response = await ask(`${api().url}/api/models/${id}/files/model.safetensors`, gzip);
  expect(response.headers).toMatchObject({ 'content-length': String(TEXT.length) });
  expect(response.headers).not.toHaveProperty('content-encoding');
  expect(response.headers).not.toHaveProperty('vary');
});

test('events come as they happen to a client that takes gzip', async () => {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await api().jobs.create([{ kind: 'train', request }]);
  await api().jobs.claim(job!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
  const response = await ask(`${api().url}/api/jobs/${job!.id}/events`, gzip);
  expect(response.headers).not.toHaveProperty('content-encoding');
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const events: JobEvent[] = [{ type: 'metric', step: 5, trainLoss: 3 }];
  await api().jobs.report(job!.id, 'token', 1, { events });
  await vi.waitFor(() => expect(text).toContain('event: metric'), 120_000);
  response.destroy();
});
