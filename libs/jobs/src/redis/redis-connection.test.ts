import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainRequest } from '@glyphmill/contract';
import { startValkey } from '@glyphmill/runtimes';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { WorkedBoard } from '../testing/worked-board.js';
import { connectRedis } from './redis-connection.js';
import { isRedisUnavailable } from './redis-refusal.js';

const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });

/** All servers have one folder, and with it one password. */
const directory = mkdtempSync(join(tmpdir(), 'glyphmill-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function startServer(port?: number) {
  const server = await startValkey({ directory, persistence: 'none', ...(port !== undefined && { port }) });
  onTestFinished(() => server.stop());
  return server;
}

function openApi(url: string) {
  const told: Error[] = [];
  const redis = connectRedis(url, 'api', (error) => told.push(error));
  const store = new WorkedBoard({ redis });
  onTestFinished(async () => {
    await store.close();
    redis.disconnect();
  });
  return { redis, store, told };
}

/** What a call throws while Redis is away. */
async function refusal(call: () => Promise<unknown>): Promise<unknown> {
  return await call().catch((error: unknown) => error);
}

test('an API that starts before its Redis refuses by name, and makes jobs once it is there', async () => {
  const away = await startServer();
  await away.stop();
  const { redis, store, told } = openApi(away.url);
  const refused = [
    await refusal(() => store.create([{ kind: 'train', request }])),
    await refusal(() => store.get('job_1')),
  ];
  expect(refused.map((error) => isRedisUnavailable(error))).toEqual([true, true]);
  expect(told.length).toBeGreaterThan(0);
  await startServer(away.port);
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
  expect(await store.create([{ kind: 'train', request }])).toMatchObject([{ state: 'queued', queuePosition: 0 }]);
});

test('an API whose Redis stops answering refuses by name', async () => {
  const server = await startServer();
  const { store } = openApi(server.url);
  await store.create([{ kind: 'train', request }]);
  process.kill(server.pid, 'SIGSTOP');
  const refused = await refusal(() => store.create([{ kind: 'train', request }]));
  process.kill(server.pid, 'SIGCONT');
  expect(isRedisUnavailable(refused)).toBe(true);
});

test('an error of a script is no outage', async () => {
  const server = await startServer();
  const { redis } = openApi(server.url);
  expect(isRedisUnavailable(await refusal(() => redis.eval('return nonsense(', 0)))).toBe(false);
});
