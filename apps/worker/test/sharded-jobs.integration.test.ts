import { createHash } from 'node:crypto';
import { generateProgress, type Job } from '@glyphmill/jobs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { trainedModel } from './trained-model.fixture.js';
import type { WorkerProcess } from './worker-process.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const GENERATE = { WORKER_ROLES: 'generate' };
/** Some seconds of work for one worker. */
const SHARDS = 16;
const MAX_NEW_TOKENS = 4000;
const PROMPTS = Array.from({ length: SHARDS * 250 }, (_, index) => `The ${'fox '.repeat(index % 4)}`);

const open = useWorkplaces();
let place: Workplace;
let model: string;
beforeEach(async () => {
  place = await open();
  model = await trainedModel(place);
});

/** So many workers, all of which a new job is cut for. */
async function workers(count: number): Promise<WorkerProcess[]> {
  const started = await Promise.all(Array.from({ length: count }, () => place.worker(GENERATE)));
  await vi.waitUntil(async () => (await place.registry.list()).length === count, 30_000);
  return started;
}

function startJob(): Promise<Job> {
  return place.generate({ model, prompts: PROMPTS, maxNewTokens: MAX_NEW_TOKENS });
}

/** The first of the workers that has a shard. */
function atWork(all: WorkerProcess[]): Promise<WorkerProcess> {
  return Promise.race(
    all.map(async (worker) => {
      await worker.logged('shard started');
      return worker;
    }),
  );
}

/** Waits until so many shards of a job are written. */
async function written(job: Job, count: number): Promise<void> {
  await vi.waitUntil(async () => (await place.storage.listNames(`outputs/${job.id}`)).length >= count, {
    timeout: 60_000,
    interval: 10,
  });
}

/** The hash of the output of a job that must succeed. */
async function outputHash(job: Job): Promise<string> {
  expect(await place.ended(job)).toMatchObject({
    state: 'succeeded',
    result: { counts: { done: PROMPTS.length, failed: 0, tokens: PROMPTS.length * MAX_NEW_TOKENS } },
  });
  const names = await place.storage.listNames(`outputs/${job.id}`);
  expect(names).toHaveLength(SHARDS);
  const hash = createHash('sha256');
  for (const name of names) hash.update(await place.storage.readBytes(`outputs/${job.id}/${name}`));
  return hash.digest('hex');
}

let ofOneWorker: string | undefined;

/** The hash of the output that one worker gives alone; the test's own workers are started after it. */
async function undisturbed(): Promise<string> {
  if (ofOneWorker !== undefined) return ofOneWorker;
  const [worker] = await workers(1);
  ofOneWorker = await outputHash(await startJob());
  worker!.signal('SIGTERM');
  await worker!.exitCode;
  return ofOneWorker;
}

describe('three workers at one job', () => {
  test('give the bytes that one gives', async () => {
    const expected = await undisturbed();
    const all = await workers(3);
    const job = await startJob();
    expect(await outputHash(job)).toBe(expected);
    const busy = all.filter(({ log }) => log.some(({ msg }) => msg === 'shard started'));
    expect(busy.length).toBeGreaterThan(1);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });

  test('give the same bytes where one is killed on the way', async () => {
    const expected = await undisturbed();
    const all = await workers(3);
    const job = await startJob();
    const victim = await atWork(all);
    await written(job, 2);
    victim.signal('SIGKILL');
    expect(await outputHash(job)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 1 });
  });

  test('give the same bytes where one is drained on the way, which spends nothing', async () => {
    const expected = await undisturbed();
    const all = await workers(3);
    const job = await startJob();
    const drained = await atWork(all);
    await written(job, 2);
    drained.signal('SIGTERM');
    expect(await drained.exitCode).toBe(0);
    expect(await outputHash(job)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });
});

test('a cancel stops all workers at once and keeps what was committed', async () => {
  const all = await workers(2);
  const job = await startJob();
  await written(job, 3);
  const { progress } = await place.store.cancel(job.id);
  const { done, failed } = generateProgress.parse(progress);
  const times = ({ log }: WorkerProcess, said: string[]) => log.filter(({ msg }) => said.includes(msg)).length;
  const isIdle = (worker: WorkerProcess) =>
    times(worker, ['shard started']) === times(worker, ['shard done', 'job is no longer ours']);
  await vi.waitUntil(() => all.every(isIdle), 30_000);
  expect(all.some((worker) => times(worker, ['job is no longer ours']) > 0)).toBe(true);
  const names = await place.storage.listNames(`outputs/${job.id}`);
  expect(done).toBeGreaterThanOrEqual(2 * 250);
  expect(names.length).toBeGreaterThanOrEqual((done + failed) / 250);
  expect(names.length).toBeLessThan(SHARDS);
  expect(await place.get(job)).toMatchObject({ state: 'cancelled', result: null, progress });
});
