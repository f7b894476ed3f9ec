import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JobEvent, trainRequest } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { startValkey } from '@glyphmill/runtimes';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { JobStoppedError, Lease } from './lease.js';

const directory = mkdtempSync(join(tmpdir(), 'glyphmill-lease-'));
let server: Awaited<ReturnType<typeof startValkey>>;
let redis: ReturnType<typeof connectRedis>;
let store: WorkedBoard;
beforeAll(async () => {
  server = await startValkey({ directory, persistence: 'always' });
  redis = connectRedis(server.url, 'worker', () => undefined);
  store = new WorkedBoard({ redis });
});
afterAll(async () => {
  await store.close();
  redis.disconnect();
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function claimed(delivery = new AbortController().signal) {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await store.create([{ kind: 'train', request }]);
  const id = job!.id;
  const hold = await store.hold(id, { delivery: 1, token: `token of ${id}`, worker: 'worker_1' });
  const lease = new Lease(hold!, delivery);
  const logged = async () => {
    const { events } = await store.readEvents(id, '0');
    return events.flatMap(({ event }) => (event.type === 'log' ? [event.message] : []));
  };
  return { id, lease, logged };
}

function log(message: string): JobEvent {
  return { type: 'log', level: 'info', message };
}

const progress = { step: 5, maxSteps: 10, trainLoss: 1, validationLoss: 2, tokensPerSecond: 300, etaSeconds: 1 };

test('what is told arrives in order, with the newest progress', async () => {
  const { id, lease, logged } = await claimed();
  for (const message of ['a', 'b', 'c']) lease.post(log(message));
  lease.progress({ ...progress, step: 4 });
  lease.progress(progress);
  await lease.flush();
  lease.end();
  expect(await logged()).toEqual(['a', 'b', 'c']);
  expect((await store.get(id))?.progress).toEqual(progress);
  expect(lease.tokensPerSecond).toBe(300);
});

test('what is reported while Redis is away arrives once and in order when it is back', async () => {
  const { id, lease, logged } = await claimed();
  lease.post(log('before'));
  await lease.flush();
  const { port } = server;
  await server.stop();
  lease.post(log('away'));
  const flushed = lease.flush();
  lease.post(log('still away'));
  server = await startValkey({ directory, persistence: 'always', port });
  await flushed;
  await lease.settle({ state: 'succeeded', result: { model: 'model_1', trainLoss: 1, validationLoss: 2 } });
  expect(await logged()).toEqual(['before', 'away', 'still away']);
  expect(await store.get(id)).toMatchObject({ state: 'succeeded' });
});

test('the lease of a cancelled job stops its work, and can neither commit nor settle', async () => {
  const { id, lease, logged } = await claimed();
  await store.cancel(id);
  lease.post(log('too late'));
  await lease.flush();
  expect(lease.signal.reason).toMatchObject({ code: 'job_stopped', reason: 'lost' });
  await expect(lease.startCommitting()).rejects.toThrow(JobStoppedError);
  await lease.settle({ state: 'succeeded', result: { model: 'model_1', trainLoss: 1, validationLoss: 2 } });
  expect(await logged()).toEqual([]);
  expect(await store.get(id)).toMatchObject({ state: 'cancelled', result: null });
});

test('a job that is committing can no longer be cancelled', async () => {
  const { id, lease } = await claimed();
  await lease.startCommitting();
  await expect(store.cancel(id)).rejects.toMatchObject({ code: 'job_state_conflict' });
  lease.end();
});

test('a delivery that is taken away stops the work, even if it was before the lease began', async () => {
  const delivery = new AbortController();
  const { lease } = await claimed(delivery.signal);
  lease.stop('drain');
  delivery.abort();
  expect(lease.signal.reason).toMatchObject({ reason: 'drain' });
  lease.end();
  const late = await claimed(AbortSignal.abort());
  expect(late.lease.signal.reason).toMatchObject({ reason: 'undelivered' });
  expect(await late.lease.settle({ state: 'handed-back' })).toBe('queued');
});

test('what was told before a drain is not lost', async () => {
  const { lease, logged } = await claimed();
  lease.post(log('last words'));
  lease.stop('drain');
  await lease.settle({ state: 'handed-back' });
  expect(await logged()).toEqual(['last words']);
});

test('at a drain the work has its farewell, and must stop after it', async () => {
  const { lease } = await claimed();
  const seen: boolean[] = [];
  lease.onFarewell(async () => {
    await lease.flush();
    seen.push(lease.signal.aborted);
  });
  await lease.leave('drain', 60_000);
  expect(seen).toEqual([false]);
  expect(lease.signal.reason).toMatchObject({ reason: 'drain' });
  lease.end();
});

test('a farewell that takes too long is not waited for', async () => {
  const { lease } = await claimed();
  lease.onFarewell(() => new Promise(() => undefined));
  await lease.leave('drain', 1);
  expect(lease.signal.reason).toMatchObject({ reason: 'drain' });
  lease.end();
});

test('a job that is to pause has its farewell, and is paused', async () => {
  const { id, lease } = await claimed();
  const said = vi.fn<() => Promise<void>>(async () => undefined);
  lease.onFarewell(said);
  await store.pause(id);
  await lease.flush();
  await vi.waitUntil(() => lease.signal.aborted, 120_000);
  expect(said).toHaveBeenCalledTimes(1);
  expect(lease.signal.reason).toMatchObject({ code: 'job_stopped', reason: 'pause' });
  expect(await lease.settle({ state: 'paused' })).toBe('paused');
  expect(await store.get(id)).toMatchObject({ state: 'paused', attempts: 0 });
});

test('a job that was to pause is queued again if that was taken back', async () => {
  const { id, lease } = await claimed();
  await store.pause(id);
  await lease.flush();
  await vi.waitUntil(() => lease.signal.aborted, 120_000);
  await store.resume(id);
  expect(await lease.settle({ state: 'paused' })).toBe('queued');
});

test('a checkpoint under a lost lease stops the work; else it comes after what was told before it', async () => {
  const { id, lease } = await claimed();
  lease.post(log('before'));
  expect(await lease.saveCheckpoint({ key: 'checkpoints/a', step: 5 })).toEqual([{ key: 'checkpoints/a', step: 5 }]);
  const { events } = await store.readEvents(id, '0');
  expect(events.slice(-2).map(({ event }) => event.type)).toEqual(['log', 'checkpoint']);
  await store.cancel(id);
  await expect(lease.saveCheckpoint({ key: 'checkpoints/b', step: 6 })).rejects.toThrow(JobStoppedError);
  expect(lease.signal.reason).toMatchObject({ reason: 'lost' });
  lease.end();
});
