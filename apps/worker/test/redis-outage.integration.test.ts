import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job, JobEvent } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { RedisProxy } from '@glyphmill/jobs/testing';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage } from '@glyphmill/storage';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isRunning } from './worker-process.fixture.js';
import { ENDLESS, LONGER, Workplace } from './workplace.fixture.js';

let folder: string;
let valkey: Awaited<ReturnType<typeof startValkey>>;
let place: Workplace;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-outage-'));
  valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always' });
  const storage = await openStorage(pathToFileURL(join(folder, 'storage')));
  place = new Workplace(valkey.url, '{test}', folder, storage);
});
afterEach(async () => {
  await place.close();
  await valkey.stop();
  rmSync(folder, { recursive: true });
});

async function train(training: object): Promise<Job> {
  return await place.train({ dataset: await place.dataset('fox'), training });
}

/** Waits until an engine has trained a model to its end and exported it, which needs no Redis. */
async function exported(): Promise<void> {
  const staging = join(folder, 'storage', '.staging');
  await vi.waitUntil(
    async () => {
      const staged = await Promise.all(
        (await readdir(staging)).map((name) => readdir(join(staging, name)).catch((): string[] => [])),
      );
      return staged.some((names) => names.includes('manifest.json'));
    },
    { timeout: 120_000, interval: 20 },
  );
}

function metricSteps(events: JobEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'metric' ? [event.step] : []));
}

async function eventsOf(job: Job): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of place.events(job)) events.push(event);
  return events;
}

/**
 * A training with an outage from its first metric on, until the model is trained: what is known of the job then.
 * Nothing that the worker sends after that metric comes before the outage.
 */
async function outage(begin: () => Promise<void>, end: () => Promise<void>) {
  const { proxy } = await place.heldWorker();
  const measured = proxy.holdAfter(/"type":"metric"/u);
  const job = await train({ ...LONGER, evalInterval: 100, maxSteps: 3000 });
  await measured;
  await begin();
  proxy.release();
  await exported();
  const publishedMeanwhile = await place.storage.listNames('models');
  await end();
  const { attempts } = await place.ended(job);
  const events = await eventsOf(job);
  const states = events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  return { attempts, states, steps: metricSteps(events), publishedMeanwhile };
}

/** Nothing was lost or doubled, and nothing was published without Redis. */
const UNHARMED = {
  attempts: 0,
  states: ['queued', 'running', 'succeeded'],
  steps: [...Array.from({ length: 31 }, (_, index) => index * 100), 3000],
  publishedMeanwhile: [],
};

test('a worker computes on while Valkey is away, and tells all of it once it is back', async () => {
  const { port } = valkey;
  const job = await outage(
    async () => {
      process.kill(valkey.pid, 'SIGKILL');
      await valkey.ended;
    },
    async () => {
      valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always', port });
    },
  );
  expect(job).toEqual(UNHARMED);
});

test('a worker computes on while Valkey hangs, and tells all of it once it answers again', async () => {
  const job = await outage(
    async () => void process.kill(valkey.pid, 'SIGSTOP'),
    async () => void process.kill(valkey.pid, 'SIGCONT'),
  );
  expect(job).toEqual(UNHARMED);
});

test('a worker whose lock ran out while nobody took its job hands it back at its step, and spends nothing', async () => {
  await place.worker({ WORKER_ROLES: 'train' });
  const job = await train({ ...ENDLESS, evalInterval: 1000, checkpointIntervalSeconds: 0 });
  await place.until(job, (event) => event.type === 'metric' && event.step > 0);
  const redis = connectRedis(valkey.url, 'worker', () => undefined);
  const lock = `{test}:train:${job.id}.1:lock`;
  // As after a long outage the lock cannot be renewed; with another value it is not free either.
  expect(await redis.set(lock, 'of nobody', 'XX')).toBe('OK');
  let queued = 0;
  await place.until(job, (event) => event.type === 'state' && event.state === 'queued' && (queued += 1) > 1);
  expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0, error: null });
  const [checkpoint] = await place.store.checkpoints(job.id);
  await redis.del(lock);
  redis.disconnect();
  const message = `resumed at step ${checkpoint!.step}`;
  await place.until(job, (event) => event.type === 'log' && event.message === message);
  expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 0 });
});

test('a training run whose Redis is full keeps its step, and resumes there once there is room', async () => {
  await place.worker({ WORKER_ROLES: 'train' });
  const job = await train({ ...ENDLESS, evalInterval: 1000, checkpointIntervalSeconds: 0 });
  await place.until(job, (event) => event.type === 'metric' && event.step > 0);
  const redis = connectRedis(valkey.url, 'worker', () => undefined);
  await redis.config('SET', 'maxmemory', '1');
  // Its lock cannot be renewed.
  const told = await place.until(job, (event) => event.type === 'checkpoint');
  let queued = 0;
  await place.until(job, (event) => event.type === 'state' && event.state === 'queued' && (queued += 1) > 1);
  expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
  await redis.config('SET', 'maxmemory', '0');
  redis.disconnect();
  const message = `resumed at step ${told.type === 'checkpoint' ? told.step : NaN}`;
  await place.until(job, (event) => event.type === 'log' && event.message === message);
  expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 0 });
});

test('a worker whose job another one took while it was cut off stops, and writes nothing', async () => {
  const proxy = await RedisProxy.to(valkey.url);
  const cutOff = await place.worker({ REDIS_URL: proxy.url, WORKER_ROLES: 'train' });
  const job = await train({ ...ENDLESS, evalInterval: 1000, checkpointIntervalSeconds: 0.5 });
  await place.until(job, (event) => event.type === 'checkpoint');
  proxy.refuse();
  const engine = await cutOff.trainingEngine();
  const other = await place.worker({ WORKER_ROLES: 'train' });
  await other.logged('job started');
  expect(isRunning(engine)).toBe(true);
  proxy.restore();
  await cutOff.logged('job was taken over');
  await vi.waitUntil(() => !isRunning(engine), 120_000);

  let told = 0;
  await place.until(job, (event) => event.type === 'checkpoint' && (told += 1) > 4);
  await place.store.cancel(job.id);
  const events = await eventsOf(job);
  const takeover = events.findIndex((event) => event.type === 'state' && event.error?.code === 'worker_lost');
  const after = events.slice(takeover);
  const steps = metricSteps(after);
  expect(steps).toEqual(steps.map((_, index) => steps[0]! + index * 1000));
  const checkpoints = after.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : []));
  expect(checkpoints).toEqual(checkpoints.toSorted((a, b) => a - b));
  expect(await place.get(job)).toMatchObject({ state: 'cancelled', worker: expect.stringMatching(/^worker_/u) });
  proxy.close();
});
