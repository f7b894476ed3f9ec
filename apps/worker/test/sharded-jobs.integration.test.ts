import { createHash } from 'node:crypto';
import { generateProgress, type Job } from '@glyphmill/contract';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { SMALL_GPT, trainedModel } from './trained-model.fixture.js';
import type { WorkerProcess } from './worker-process.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const GENERATE = { WORKER_ROLES: 'generate' };
/** A job in shards. */
interface Work {
  model: Parameters<typeof trainedModel>[1];
  shards: number;
  promptsPerShard: number;
  maxNewTokens: number;
}

const BIGRAM_WORK: Work = { model: { kind: 'bigram' }, shards: 16, promptsPerShard: 256, maxNewTokens: 400 };
/** Some prompts and texts are longer than the block. */
const GPT_WORK: Work = { model: SMALL_GPT, shards: 12, promptsPerShard: 256, maxNewTokens: 24 };

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

/** Announces workers that come later, so that a new job already has tickets for them. */
async function expectWorkers(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await place.registry.announce({
      id: `worker_expected_${index}`,
      host: 'here',
      pid: 1,
      device: 'cpu',
      roles: ['generate'],
      libraries: {},
      state: 'idle',
      jobs: [],
      tokensPerSecond: 0,
      startedAt: new Date().toISOString(),
    });
  }
}

async function startJob({ model, shards, promptsPerShard, maxNewTokens }: Work): Promise<Job> {
  const length = shards * promptsPerShard;
  const prompts = Array.from({ length }, (_, index) => `The ${'fox '.repeat(index % 9)}`);
  return await place.generate({ model: await trainedModel(place, model), prompts, maxNewTokens });
}

/** What a worker sends to commit a shard; not what it sends again if the server does not know the script yet. */
const COMMIT = /evalsha[^]*\/output/u;

/** A worker that is held once it has written a shard and is about to commit it. */
async function workerHeldAtCommit() {
  const proxy = await place.proxy();
  const committing = proxy.holdFrom(COMMIT);
  const worker = await place.worker({ ...GENERATE, REDIS_URL: proxy.url });
  return { worker, proxy, committing };
}

/**
 * A job of which three workers have shards. One of them has written one, but is held before it commits it, so that it is
 * in the middle for as long as a test takes; the two others share the rest.
 */
async function oneHeldOfThree(work: Work) {
  await trainedModel(place, work.model);
  const { worker: held, proxy, committing } = await workerHeldAtCommit();
  await expectWorkers(2);
  const job = await startJob(work);
  await committing;
  // None of them can take all the tickets that are left before the other is there.
  const others = await Promise.all([workerHeldAtCommit(), workerHeldAtCommit()]);
  await Promise.all(others.map((other) => other.committing));
  for (const other of others) other.proxy.release();
  return { job, held, proxy };
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

/** The hash of the output that one worker yields alone; the test's own workers are started after it. */
async function undisturbed(work: Work): Promise<string> {
  const known = ofOneWorker.get(work);
  if (known !== undefined) return known;
  await trainedModel(place, work.model);
  const worker = await place.worker(GENERATE);
  const hash = await outputHash(await startJob(work), work);
  worker.signal('SIGTERM');
  await worker.exitCode;
  ofOneWorker.set(work, hash);
  return hash;
}

describe.each([
  ['a bigram', BIGRAM_WORK],
  ['a GPT', GPT_WORK],
])('three workers at one job of %s', (_, work) => {
  test('give the bytes that one yields', async () => {
    const expected = await undisturbed(work);
    const { job, proxy } = await oneHeldOfThree(work);
    proxy.release();
    expect(await outputHash(job, work)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });

  test('give the same bytes if one is killed on the way', async () => {
    const expected = await undisturbed(work);
    const { job, held } = await oneHeldOfThree(work);
    held.signal('SIGKILL');
    expect(await outputHash(job, work)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 1 });
  });

  test('give the same bytes if one is drained on the way, which spends nothing', async () => {
    const expected = await undisturbed(work);
    const { job, held, proxy } = await oneHeldOfThree(work);
    held.signal('SIGTERM');
    await held.logged('worker stopping');
    proxy.release();
    expect(await held.exitCode).toBe(0);
    expect(await outputHash(job, work)).toBe(expected);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });
});

test('a cancel stops all workers at once and keeps what was committed', async () => {
  const work = BIGRAM_WORK;
  const { promptsPerShard } = work;
  await trainedModel(place, work.model);
  const held = await Promise.all([place.heldWorker(GENERATE), place.heldWorker(GENERATE)]);
  // Each of them commits one shard, and is held before it commits another.
  const committing = held.map(({ proxy }) => proxy.holdFrom(COMMIT, 2));
  const job = await startJob(work);
  await Promise.all(committing);
  const { progress } = await place.store.cancel(job.id);
  for (const { proxy } of held) proxy.release();
  const { done, failed } = generateProgress.parse(progress);
  const times = ({ log }: WorkerProcess, said: string[]) => log.filter(({ msg }) => said.includes(msg)).length;
  const isIdle = ({ worker }: { worker: WorkerProcess }) =>
    times(worker, ['shard started']) === times(worker, ['shard done', 'job was cancelled']);
  await vi.waitUntil(() => held.every(isIdle), 120_000);
  for (const { worker } of held) expect(times(worker, ['job was cancelled'])).toBeGreaterThan(0);
  const names = await place.storage.listNames(`outputs/${job.id}`);
  expect(done).toBe(2 * promptsPerShard);
  expect(names.length).toBeGreaterThanOrEqual((done + failed) / promptsPerShard);
  expect(names.length).toBeLessThan(work.shards);
  expect(await place.get(job)).toMatchObject({ state: 'cancelled', result: null, progress });
});
