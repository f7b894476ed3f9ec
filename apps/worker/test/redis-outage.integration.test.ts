import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, JobEvent } from '@glyphmill/jobs';
import { startValkey } from '@glyphmill/runtimes';
import { FolderStorage } from '@glyphmill/storage';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RedisProxy } from './redis-proxy.fixture.js';
import { isRunning } from './worker-process.fixture.js';
import { ENDLESS, LONGER, Workplace } from './workplace.fixture.js';

let folder: string;
let valkey: Awaited<ReturnType<typeof startValkey>>;
let place: Workplace;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-outage-'));
  valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always' });
  const storage = await FolderStorage.open(join(folder, 'storage'));
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
    { timeout: 60_000, interval: 20 },
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

/** An outage from the first metric on, until the model is trained; nothing of the job is lost or doubled by it. */
async function outage(begin: () => Promise<void>, end: () => Promise<void>): Promise<void> {
  await place.worker();
  const job = await train({ ...LONGER, evalInterval: 100, maxSteps: 3000 });
  await place.until(job, (event) => event.type === 'metric');
  await begin();
  await exported();
  expect(await place.storage.listNames('models')).toEqual([]);
  await end();
  expect(await place.ended(job)).toMatchObject({ state: 'succeeded', attempts: 0 });
  const events = await eventsOf(job);
  const steps = Array.from({ length: 31 }, (_, index) => index * 100);
  expect(metricSteps(events)).toEqual([...steps, 3000]);
  expect(events.flatMap((event) => (event.type === 'state' ? [event.state] : []))).toEqual([
    'queued',
    'running',
    'succeeded',
  ]);
}

test('a worker computes on while Valkey is away, and tells all of it once it is back', async () => {
  const { port } = valkey;
  await outage(
    async () => {
      process.kill(valkey.pid, 'SIGKILL');
      await valkey.ended;
    },
    async () => {
      valkey = await startValkey({ directory: join(folder, 'valkey'), persistence: 'always', port });
    },
  );
});

test('a worker computes on while Valkey hangs, and tells all of it once it answers again', async () => {
  await outage(
    async () => void process.kill(valkey.pid, 'SIGSTOP'),
    async () => void process.kill(valkey.pid, 'SIGCONT'),
  );
});

test('a worker whose job another one took while it was cut off stops, and writes nothing', async () => {
  const proxy = await RedisProxy.to(valkey.url);
  const cutOff = await place.worker({ REDIS_URL: proxy.url, WORKER_ROLES: 'train' });
  const job = await train({ ...ENDLESS, evalInterval: 1000, checkpointIntervalSeconds: 0.5 });
  await place.until(job, (event) => event.type === 'checkpoint');
  proxy.cut();
  const engine = await cutOff.trainingEngine();
  const other = await place.worker({ WORKER_ROLES: 'train' });
  await other.logged('job started');
  expect(isRunning(engine)).toBe(true);
  proxy.restore();
  await cutOff.logged('job is no longer ours');
  await vi.waitUntil(() => !isRunning(engine), 30_000);

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
