import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectRedis } from '@glyphmill/jobs';
import { startValkey } from '@glyphmill/runtimes';
import { expect, test, vi } from 'vitest';
import { createApp } from '../src/app.js';
import { readConfig } from '../src/config.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const api = useApi();
const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };

/** The answer to whether the API is ready, once it says this; what it last saw is said again for a while. */
async function notReady(detail: string): Promise<Awaited<ReturnType<typeof problemOf>>> {
  return await vi.waitFor(
    async () => {
      const problem = await problemOf(await fetch(`${api().url}/health/ready`));
      expect(problem.detail).toBe(detail);
      return problem;
    },
    { timeout: 120_000, interval: 200 },
  );
}

test('while all is well the API is ready', async () => {
  for (const path of ['live', 'ready']) {
    const response = await fetch(`${api().url}/health/${path}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  }
});

test('without Redis, what needs it is 503 with Retry-After and the rest continues', async () => {
  await api().valkey.stop();
  const post = (path: string) => fetch(`${api().url}/api/jobs/job_1/${path}`, { method: 'POST' });
  const refusals = await Promise.all([
    ...['cancel', 'pause', 'resume', 'retry'].map(post),
    fetch(`${api().url}/api/jobs/job_1`, { method: 'DELETE' }),
    postJson(`${api().url}/api/jobs/batch`, [{ kind: 'train', ...TRAIN }]),
    fetch(`${api().url}/api/jobs/train`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'a' },
      body: JSON.stringify(TRAIN),
    }),
    postJson(`${api().url}/api/jobs/train`, TRAIN),
    fetch(`${api().url}/api/jobs`),
    fetch(`${api().url}/api/jobs/job_1`),
    fetch(`${api().url}/api/jobs/job_1/events`),
    fetch(`${api().url}/api/queues`),
    fetch(`${api().url}/api/workers`),
  ]);
  for (const response of refusals) {
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'queue_unavailable' });
  }
  expect(await notReady('No answer from Redis.')).toMatchObject({ status: 503, code: 'not_ready' });
  expect((await fetch(`${api().url}/health/live`)).status).toBe(200);
  expect((await fetch(`${api().url}/api/datasets`)).status).toBe(200);
});

test('a Redis that drops keys ends the start in words', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'glyphmill-api-'));
  const valkey = await startValkey({ directory: join(directory, 'valkey'), persistence: 'none' });
  const redis = connectRedis(valkey.url, 'worker', () => undefined);
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  redis.disconnect();
  const config = readConfig({ REDIS_URL: valkey.url, DATA_DIR: directory, LOG_LEVEL: 'silent', PORT: '0' });
  const app = await createApp(config);
  await expect(app.listen(0, '127.0.0.1')).rejects.toThrow(/maxmemory-policy .*"allkeys-lru".*noeviction/u);
  await app.close();
  await valkey.stop();
  await rm(directory, { recursive: true });
});

test('without its storage the API says so and names no path of the server', async () => {
  const folder = dirname((await api().storage.localFolder('datasets')).path);
  await rm(folder, { recursive: true });
  const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'some text' };
  const problem = await problemOf(await fetch(`${api().url}/api/datasets`, init));
  expect(problem).toMatchObject({ status: 503, code: 'storage_unavailable' });
  expect(problem.detail).not.toContain(folder);
  await notReady('No answer from Redis. No answer from the storage.');
});
