import { createHash } from 'node:crypto';
import { generateProgress, type Job } from '@glyphmill/jobs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { SMALL_GPT, trainedModel } from './trained-model.fixture.js';
import type { WorkerProcess } from './worker-process.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const GENERATE = { WORKER_ROLES: 'generate' };
/** A job in shards: some seconds of work for one worker. */
interface Work {
  model: Parameters<typeof trainedModel>[1];
  shards: number;
  promptsPerShard: number;
  maxNewTokens: number;
}

const BIGRAM_WORK: Work = { model: { kind: 'bigram' }, shards: 16, promptsPerShard: 250, maxNewTokens: 4000 };
/** Some prompts and texts are longer than the block. */
const GPT_WORK: Work = { model: SMALL_GPT, shards: 12, promptsPerShard: 256, maxNewTokens: 24 };

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

/** So many workers, all of which a new job is cut for. */
async function workers(count: number): Promise<WorkerProcess[]> {
  const started = await Promise.all(Array.from({ length: count }, () => place.worker(GENERATE)));
  await vi.waitUntil(async () => (await place.registry.list()).length === count, 30_000);
  return started;
}

async function startJob({ model, shards, promptsPerShard, maxNewTokens }: Work): Promise<Job> {
  const length = shards * promptsPerShard;
  const prompts = Array.from({ length }, (_, index) => `The ${'fox '.repeat(index % 9)}`);
  return await place.generate({ model: await trainedModel(place, model), prompts, maxNewTokens });
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
async function outputHash(job: Job, { shards, promptsPerShard, maxNewTokens }: Work): Promise<string> {
  const done = shards * promptsPerShard;
  expect(await place.ended(job)).toMatchObject({
    state: 'succeeded',
    result: { counts: { done, failed: 0, tokens: done * maxNewTokens } },
  });
  const names = await place.storage.listNames(`outputs/${job.id}`);
  expect(names).toHaveLength(shards);
  const hash = createHash('sha256');
  for (const name of names) hash.update(await place.storage.readBytes(`outputs/${job.id}/${name}`));
  return hash.digest('hex');
}

const ofOneWorker = new Map<Work, string>();

/** The hash of the output that one worker gives alone; the test's own workers are started after it. */
async function undisturbed(work: Work): Promise<string> {
  const known = ofOneWorker.get(work);
  if (known !== undefined) return known;
  await trainedModel(place, work.model);
  const [worker] = await workers(1);
  const hash = await outputHash(await startJob(work), work);
  worker!.signal('SIGTERM');
  await worker!.exitCode;
  ofOneWorker.set(work, hash);
  return hash;
}

describe.each([
  ['a bigram', BIGRAM_WORK],
  ['a GPT', GPT_WORK],
])('three workers at one job of %s', (_, work) => {
  test('give the bytes that one gives', async () => {
    const expected = await undisturbed(work);
    const all = await workers(3);
    const job = await startJob(work);
    expect(await outputHash(job, work)).toBe(expected);
    const busy = all.filter(({ log }) => log.some(({ msg }) => msg === 'shard started'));
    expect(busy.length).toBeGreaterThan(1);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });

  test('give the same bytes where one is killed on the way', async () => {
    const expected = await undisturbed(work);
    const all = await workers(3);
    const job = await startJob(work);
    const victim = await atWork(all);
    await written(job, 2);
    victim.signal('SIGKILL');
    expect(await outputHash(job, work)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 1 });
  });

  test('give the same bytes where one is drained on the way, which spends nothing', async () => {
    const expected = await undisturbed(work);
    const all = await workers(3);
    const job = await startJob(work);
    const drained = await atWork(all);
    await written(job, 2);
    drained.signal('SIGTERM');
    expect(await drained.exitCode).toBe(0);
    expect(await outputHash(job, work)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });
});

test('a cancel stops all workers at once and keeps what was committed', async () => {
  const work = BIGRAM_WORK;
  const { promptsPerShard } = work;
  await trainedModel(place, work.model);
  const all = await workers(2);
  const job = await startJob(work);
  await written(job, 3);
  const { progress } = await place.store.cancel(job.id);
  const { done, failed } = generateProgress.parse(progress);
  const times = ({ log }: WorkerProcess, said: string[]) => log.filter(({ msg }) => said.includes(msg)).length;
  const isIdle = (worker: WorkerProcess) =>
    times(worker, ['shard started']) === times(worker, ['shard done', 'job is no longer ours']);
  await vi.waitUntil(() => all.every(isIdle), 30_000);
  expect(all.some((worker) => times(worker, ['job is no longer ours']) > 0)).toBe(true);
  const names = await place.storage.listNames(`outputs/${job.id}`);
  expect(done).toBeGreaterThanOrEqual(2 * promptsPerShard);
  expect(names.length).toBeGreaterThanOrEqual((done + failed) / promptsPerShard);
  expect(names.length).toBeLessThan(work.shards);
  expect(await place.get(job)).toMatchObject({ state: 'cancelled', result: null, progress });
});
