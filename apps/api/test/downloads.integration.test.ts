import { once } from 'node:events';
import { get, type IncomingMessage, request as httpRequest } from 'node:http';
import { ArtifactKeys } from '@glyphmill/catalog';
import { Logger } from '@nestjs/common';
import { expect, test, vi } from 'vitest';
import { problemOf, useApi } from './running-api.fixture.js';
import { createGenerateJob, openArtifacts, STORED } from './stored-text.fixture.js';

const keys = new ArtifactKeys();

const api = useApi();

const TEXT = '0123456789abcdefghijklmnop';

/** More than all buffers between a server and a client that does not read. */
const LARGE = 'Call me Ishmael.'.repeat(2 ** 20);

const KINDS = Object.entries(STORED);

const plain = { 'accept-encoding': 'identity' };

function without(headers: Headers, ...names: string[]): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !names.includes(name)));
}

/** An answer of which nothing is read yet. */
async function unread(url: string): Promise<IncomingMessage> {
  const request = get(url, { agent: false, headers: plain });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function allClosed(): Promise<void> {
  await vi.waitFor(async () => expect(await openArtifacts(api().storage)).toEqual([]), 120_000);
}

test.each(KINDS)('%s has a length, an ETag of its bytes, and ranges', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  const response = await fetch(url, { headers: plain });
  expect(response.status).toBe(200);
  expect(without(response.headers)).toMatchObject({
    etag,
    'accept-ranges': 'bytes',
    'content-length': '26',
    'cache-control': 'private, no-cache',
    vary: 'accept-encoding',
  });
  expect(await response.text()).toBe(TEXT);
});

test.each(KINDS)('HEAD of %s has the headers of GET, whatever range it names', async (_, store) => {
  const { url } = await store(api(), TEXT);
  const whole = await fetch(url, { headers: plain });
  const head = await fetch(url, { method: 'HEAD', headers: { ...plain, range: 'bytes=0-3' } });
  expect(head.status).toBe(200);
  const own = ['date', 'x-request-id', 'connection', 'keep-alive'];
  expect(without(head.headers, ...own)).toEqual(without(whole.headers, ...own));
  expect(await head.text()).toBe('');
});

test.each(KINDS)('%s is answered range by range, within a shard and across', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=2-4', 2, 4],
    ['bytes=7-', 7, 25],
    ['bytes=8-9', 8, 9],
    ['bytes=4-23', 4, 23],
    ['BYTES=-1', 25, 25],
    ['bytes=0-99999999999999999999', 0, 25],
  ] as const) {
    const response = await fetch(url, { headers: { range } });
    const text = TEXT.slice(start, end + 1);
    expect(response.status).toBe(206);
    expect(without(response.headers)).toMatchObject({
      etag,
      'content-range': `bytes ${start}-${end}/26`,
      'content-length': String(text.length),
    });
    expect(await response.text()).toBe(text);
  }
});

test.each(KINDS)('several ranges of %s, or one that cannot be read, are answered with the whole', async (_, store) => {
  const { url } = await store(api(), TEXT);
  for (const range of ['bytes=0-1,4-5', 'bytes=5-4', 'lines=0-1', 'bytes=x']) {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(TEXT);
  }
});

test.each(KINDS)('a range beyond the end of %s is 416 and says how long it is', async (_, store) => {
  const { url } = await store(api(), TEXT);
  const response = await fetch(url, { headers: { range: 'bytes=26-' } });
  expect(response.headers.get('content-range')).toBe('bytes */26');
  expect(await problemOf(response)).toMatchObject({ status: 416, code: 'range_not_satisfiable', sizeBytes: 26 });
});

test.each(KINDS)('a range of %s is answered if If-Range is its very tag', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  const statusOf = async (ifRange: string) =>
    (await fetch(url, { headers: { range: 'bytes=0-3', 'if-range': ifRange } })).status;
  expect(await statusOf(etag)).toBe(206);
  for (const other of ['"other"', `W/${etag}`, '*', new Date().toUTCString(), `${etag}, "other"`]) {
    expect(await statusOf(other)).toBe(200);
  }
});

test.each(KINDS)('a client that has %s gets 304, which says no length', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  for (const method of ['GET', 'HEAD']) {
    for (const list of [etag, `W/${etag}`, `"a, b", ${etag}`, '*']) {
      const response = await fetch(url, { method, headers: { ...plain, 'if-none-match': list, range: 'bytes=0-1' } });
      expect([response.status, response.headers.get('etag')]).toEqual([304, etag]);
      expect(response.headers.has('content-length')).toBe(false);
      expect(await response.text()).toBe('');
    }
  }
  expect((await fetch(url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
});

test.each(KINDS)('%s is refused to a request that expects another', async (_, store) => {
  const { url, etag } = await store(api(), TEXT);
  const ask = (list: string) => fetch(url, { headers: { 'if-match': list, 'if-none-match': etag } });
  for (const list of [etag, `"other", ${etag}`, '*']) expect((await ask(list)).status).toBe(304);
  for (const list of ['"other"', `W/${etag}`]) {
    expect(await problemOf(await ask(list))).toMatchObject({ status: 412, code: 'precondition_failed' });
  }
});

test.each(KINDS)('no answer of %s leaves a file open', async (_, store) => {
  const { url, etag } = await store(api(), LARGE);
  const one = async (method: string, headers: Record<string, string>) => {
    await (await fetch(url, { method, headers: { ...plain, ...headers } })).arrayBuffer();
  };
  for (let count = 0; count < 50; count += 1) {
    await one('HEAD', {});
    await one('GET', { range: 'bytes=5-9' });
    await one('GET', { 'if-none-match': etag });
    await one('GET', { 'if-match': '"other"' });
    await one('GET', { range: `bytes=${LARGE.length}-` });
  }
  // Clients that leave before the answer, at its beginning, and in its middle.
  const leaving = Array.from({ length: 20 }, () => httpRequest(url, { agent: false }).on('error', () => undefined));
  for (const request of leaving) request.end();
  await Promise.all(leaving.map((request) => once(request, 'socket')));
  for (const request of leaving) request.destroy();
  const begun = await Promise.all(Array.from({ length: 20 }, () => unread(url)));
  for (const response of begun.slice(10)) await once(response, 'data');
  expect((await openArtifacts(api().storage)).length).toBeGreaterThan(0);
  for (const response of begun) response.destroy();
  await allClosed();
});

test.each(KINDS)('%s that is shorter than promised breaks the connection off, and is logged', async (_, store) => {
  const warn = vi.spyOn(Logger.prototype, 'warn');
  const { url, resize } = await store(api(), LARGE);
  const response = await unread(url);
  expect(response.headers['content-length']).toBe(String(LARGE.length));
  await resize(LARGE.length / 4);
  response.resume();
  await expect(once(response, 'end')).rejects.toThrow('aborted');
  const reason = expect.stringMatching(/ ends \d+ bytes before its recorded size/u);
  expect(warn).toHaveBeenCalledWith('a download broke off', expect.objectContaining({ reason }));
  warn.mockRestore();
  await allClosed();
});

test.each(KINDS)('%s that is longer than promised is sent as far as promised', async (_, store) => {
  const { url, resize } = await store(api(), LARGE);
  const response = await unread(url);
  await resize(LARGE.length + 1000);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(LARGE.length);
});

test('an output that grows has another ETag, and the range behind what a client has is what came since', async () => {
  const { storage, jobs, url } = api();
  const id = await createGenerateJob(jobs);
  const ask = (headers: Record<string, string>) => fetch(`${url}/api/jobs/${id}/output`, { headers });
  const empty = await ask({});
  expect([empty.status, empty.headers.get('content-length'), await empty.text()]).toEqual([200, '0', '']);
  await storage.put(keys.shard(id, 0), 'one\n');
  const first = (await ask(plain)).headers.get('etag') ?? '';
  expect((await ask({ 'if-none-match': empty.headers.get('etag') ?? '' })).status).toBe(200);
  expect((await ask({ range: 'bytes=4-' })).status).toBe(416);
  await storage.put(keys.shard(id, 1), 'two\n');
  expect(await (await ask({ range: 'bytes=4-' })).text()).toBe('two\n');
  expect(await (await ask({ range: 'bytes=4-', 'if-range': first })).text()).toBe('one\ntwo\n');
});

test('a server that closes ends downloads that nobody reads', async () => {
  const { url } = await KINDS[0]![1](api(), LARGE);
  const response = await unread(url);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  response.once('close', resolve).on('error', () => undefined);
  expect((await openArtifacts(api().storage)).length).toBe(1);
  await api().closeApp();
  response.resume();
  await closed;
  await allClosed();
});
