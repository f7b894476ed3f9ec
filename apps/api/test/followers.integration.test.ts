import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { trainRequest } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { expect, test, vi } from 'vitest';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi({}, { heartbeatMs: 20, stalledClientMs: 1000 });

async function runningJob(): Promise<string> {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await api().jobs.create([{ kind: 'train', request }]);
  await api().jobs.claim(job!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
  return job!.id;
}

async function finish(id: string): Promise<void> {
  const result = { model: 'model_1', trainLoss: 2, validationLoss: 2 };
  await api().jobs.settle(id, 'token', { state: 'succeeded', result });
}

/** A follower of which nothing is read yet. */
async function follow(id: string): Promise<IncomingMessage> {
  const request = get(`${api().url}/api/jobs/${id}/events`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response.setEncoding('utf8');
}

/** Reads until the text has something. */
async function until(response: IncomingMessage, part: string): Promise<string> {
  let text = '';
  response.on('data', (chunk: string) => (text += chunk));
  await vi.waitFor(() => expect(text).toContain(part), 120_000);
  return text;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

test('a quiet stream shows again and again that it is alive', async () => {
  const response = await follow(await runningJob());
  const beats = ': heartbeat\n\n: heartbeat\n\n: heartbeat\n\n';
  expect(await until(response, beats)).toContain(beats);
  response.destroy();
});

test('a stream says where events are no longer kept', async () => {
  const id = await runningJob();
  for (const step of [1, 2, 3]) {
    await api().jobs.report(id, 'token', step, { events: [{ type: 'metric', step, trainLoss: 3 }] });
  }
  const redis = connectRedis(api().valkey.url, 'worker', () => undefined);
  const [stream = ''] = await redis.keys(`*${id}:events`);
  await redis.xtrim(stream, 'MAXLEN', 1);
  redis.disconnect();
  const response = await follow(id);
  const text = await until(response, '"step":3');
  expect(text).toContain('event: gap\ndata: {"type":"gap"}\n\n');
  expect(text).not.toContain('"step":2');
  response.destroy();
});

test('a follower of a deleted job ends, and learns so when it reconnects', async () => {
  const id = await runningJob();
  const response = await follow(id);
  const ended = once(response.resume(), 'end');
  await finish(id);
  expect((await fetch(`${api().url}/api/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
  await ended;
  const again = await fetch(`${api().url}/api/jobs/${id}/events`);
  expect(await problemOf(again)).toMatchObject({ status: 404, code: 'job_not_found' });
});

test('a follower that never reads gets no more than the buffers hold, and is cut off', async () => {
  const id = await runningJob();
  const before = openSockets();
  const response = await follow(id);
  response.on('error', () => undefined);
  expect(openSockets()).toBe(before + 2);
  const text = 'x'.repeat(64 * 1024);
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    const events = Array.from({ length: 20 }, () => ({ type: 'sample' as const, step: sequence, text }));
    await api().jobs.report(id, 'token', sequence, { events });
  }
  // This end of the connection does not learn of it before it reads.
  await vi.waitFor(() => expect(openSockets()).toBe(before + 1), 120_000);
  expect(response.socket.bytesRead).toBeLessThan(20 * 20 * text.length);
  response.destroy();
});

test('followers that come and go leave nothing open', async () => {
  const id = await runningJob();
  const before = openSockets();
  for (let round = 0; round < 4; round += 1) {
    const responses = await Promise.all(Array.from({ length: 50 }, () => follow(id)));
    expect(openSockets()).toBeGreaterThanOrEqual(before + 100);
    for (const response of responses) response.destroy();
    await vi.waitFor(() => expect(openSockets()).toBeLessThanOrEqual(before), 120_000);
  }
});
