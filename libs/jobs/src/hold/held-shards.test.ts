import { generateRequest, type GenerationRuntime } from '@glyphmill/contract';
import { describe, expect, test } from 'vitest';
import { shardedDraft } from '../proof/job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import type { ClaimedShard } from '../kinds/claimed-job.js';
import type { WorkerOutcome } from '../kinds/kind.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';
import { JobRescuer } from '../board/job-rescuer.js';
import { WorkerRegistry } from '../board/worker-registry.js';

const valkey = useValkey();

const counts = { done: 250, failed: 6, tokens: 1000 };
const progress = { done: 100, failed: 0, tokens: 400, tokensPerSecond: 10 };
const crash = { code: 'engine_died', message: 'it died', retryable: true };

/** A job of so many shards that nobody has claimed, and what a worker does with it. */
async function queuedJob(shards: number, more: { maxAttempts?: number; workers?: number } = {}) {
  const { workers = 0, ...options } = more;
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const keys = new JobKeys(prefix);
  const registry = new WorkerRegistry({ redis, prefix });
  for (let worker = 1; worker <= workers; worker += 1) await announce(registry, `worker_${worker}`);
  const store = new WorkedBoard({ redis, prefix });
  const [job] = await store.create([shardedDraft(shards, options)]);
  const id = job!.id;
  const claim = async (shard: number, token = `token ${shard}`, delivery = 1) =>
    await store.shards.claim(id, shard, { delivery, token, worker: 'worker_1' });
  return {
    id,
    prefix,
    redis,
    keys,
    store,
    registry,
    claim,
    job: async () => (await store.get(id))!,
    /** The shards whose tickets wait in the queue, or are at work. */
    tickets: async () => {
      const names = await redis.zrange(`${prefix}:generate:prioritized`, '0', '-1');
      return names.map((name) => Number(name.split('.')[1]));
    },
    /** Claims a shard and commits it. */
    finish: async (shard: number, ranOn?: GenerationRuntime) =>
      await settle(store, (await claim(shard))!, {
        state: 'succeeded',
        result: { ...counts, ...(ranOn && { ranOn }) },
      }),
    events: async () => (await store.readEvents(id, '0')).events.map(({ event }) => event),
  };
}

async function announce(registry: WorkerRegistry, id: string): Promise<void> {
  const about = { host: 'here', pid: 1, device: 'cpu', roles: ['generate' as const], libraries: {} };
  const now = { state: 'idle' as const, jobs: [], tokensPerSecond: 0, startedAt: new Date(0).toISOString() };
  await registry.announce({ id, ...about, ...now });
}

function settle(store: WorkedBoard, shard: ClaimedShard, outcome: WorkerOutcome<'generate'>, token?: string) {
  return store.shards.settle(shard, token ?? `token ${shard.shard}`, outcome);
}

describe('a job in shards', () => {
  test('a job in shards waits with the tickets of its first shards, and its place is that of the first', async () => {
    const { tickets, job } = await queuedJob(10);
    expect(await tickets()).toEqual([0, 1]);
    expect(await job()).toMatchObject({ state: 'queued', queuePosition: 0, request: { promptsDataset: 'dataset_1' } });
  });

  test('a job in shards has about twice as many tickets as there are workers, and no more than shards', async () => {
    expect(await (await queuedJob(10, { workers: 3 })).tickets()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await (await queuedJob(1, { workers: 3 })).tickets()).toEqual([0]);
  });

  test('a job in shards opens as many shards as it commits while as many workers are there', async () => {
    const { finish, tickets } = await queuedJob(10);
    await finish(0);
    expect(await tickets()).toEqual([0, 1, 2]);
    await finish(2);
    expect(await tickets()).toEqual([0, 1, 2, 3]);
  });

  test('a job in shards opens more of them when workers come, and fewer when they go', async () => {
    const { finish, registry, store, id } = await queuedJob(20);
    const open = async () =>
      (await store.shards.openDeliveries(id)).map((name) => Number(name.split('.')[1])).sort((a, b) => a - b);
    await announce(registry, 'worker_1');
    await announce(registry, 'worker_2');
    await finish(0);
    expect(await open()).toEqual([1, 2, 3]);
    await finish(1);
    await finish(2);
    expect(await open()).toEqual([3, 4, 5, 6]);
    await registry.remove('worker_2');
    await finish(3);
    await finish(4);
    expect(await open()).toEqual([5, 6]);
    await finish(5);
    expect(await open()).toEqual([6, 7]);
  });

  test('a job in shards reports once what each of its shards ran on, where that is known', async () => {
    const [cpu, gpu] = ['cpu', 'cuda:0'].map((device) => ({ device, onnxruntime: '1.30.0' }));
    const { finish, job } = await queuedJob(4);
    await finish(0, cpu);
    await finish(1, gpu);
    await finish(2);
    await finish(3, cpu);
    expect((await job()).result).toMatchObject({ ranOn: [cpu, gpu] });
  });

  test('a job in shards of whose shards nobody knows what they ran on reports nothing of it', async () => {
    const { finish, job } = await queuedJob(1);
    await finish(0);
    expect((await job()).result).not.toHaveProperty('ranOn');
  });

  test('succeeds with its last shard, in whatever order they end, and its result is their sum', async () => {
    const { finish, job, events, redis, keys, id } = await queuedJob(4);
    for (const shard of [1, 0, 3]) expect(await finish(shard)).toBe('running');
    expect(await finish(2)).toBe('succeeded');
    expect(await job()).toMatchObject({
      state: 'succeeded',
      progress: { done: 1000, failed: 24, total: 1024, etaSeconds: 0 },
      result: { output: `/api/jobs/${id}/output`, counts: { done: 1000, failed: 24, tokens: 4000 } },
    });
    expect((await events()).map((event) => (event.type === 'state' ? event.state : event.type))).toEqual([
      'queued',
      'running',
      'succeeded',
    ]);
    expect(await redis.exists(keys.openShards(id))).toBe(0);
  });
});

describe('the claim of a shard', () => {
  test('the claim of a shard yields which prompts it has', async () => {
    const { claim } = await queuedJob(3);
    expect(await claim(1)).toMatchObject({ shard: 1, prompts: { first: 256, end: 512 }, opens: [2] });
  });

  test('the claim of a shard yields nothing without a ticket, for another delivery, or where the shard is committed', async () => {
    const { claim, finish } = await queuedJob(3);
    expect(await claim(2)).toBeUndefined();
    expect(await claim(0, 'token', 2)).toBeUndefined();
    await finish(0);
    expect(await claim(0)).toBeUndefined();
  });

  test('the claim of a shard that the connection repeats yields the same and spends nothing', async () => {
    const { claim, job } = await queuedJob(3);
    const claimed = await claim(0);
    expect(await claim(0)).toEqual(claimed);
    expect(await job()).toMatchObject({ attempts: 0 });
  });

  test('the claim of a shard that another worker left is taken over, opens the same shards, and fences the other one off', async () => {
    const { claim, store, job } = await queuedJob(3);
    const first = (await claim(0, 'first'))!;
    const second = (await claim(0, 'second'))!;
    expect(second).toEqual({ ...first, attempts: 1 });
    expect(await job()).toMatchObject({ state: 'running', attempts: 1, error: { code: 'worker_lost' } });
    const done = { state: 'succeeded', result: counts } as const;
    expect(await store.shards.report(first, 'first', 1, { progress })).toMatchObject({ held: false });
    expect(await settle(store, first, done, 'first')).toBeUndefined();
    expect(await settle(store, second, done, 'second')).toBe('running');
  });

  test('the claim of a shard yields nothing while BullMQ has its delivery locked for another worker', async () => {
    const { claim, store, redis, prefix, id } = await queuedJob(3);
    await redis.set(`${prefix}:generate:${id}.0.1:lock`, 'lock of the first');
    await claim(0, 'first');
    const late = { delivery: 1, token: 'second', worker: 'worker_2', lock: 'a lock that has expired' };
    expect(await store.shards.claim(id, 0, late)).toBeUndefined();
    expect(await store.shards.claim(id, 0, { ...late, lock: 'lock of the first' })).toMatchObject({ attempts: 1 });
  });

  test('the claim of a shard that would spend the last attempt at it fails the job for all', async () => {
    const { claim, store, job } = await queuedJob(3, { maxAttempts: 2 });
    const other = (await claim(1))!;
    for (const token of ['first', 'second']) await claim(0, token);
    expect(await claim(0, 'third')).toBeUndefined();
    expect(await job()).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'worker_lost' } });
    expect(await store.shards.report(other, 'token 1', 1, {})).toMatchObject({ held: false });
  });
});

describe('the progress of a job in shards', () => {
  test('the progress of a job in shards is what is committed and what is under way, counted once a sequence number', async () => {
    const { claim, finish, store, job } = await queuedJob(4);
    await finish(0);
    const [first, second] = [(await claim(1))!, (await claim(2))!];
    await store.shards.report(first, 'token 1', 1, { progress });
    await store.shards.report(second, 'token 2', 1, { progress });
    await store.shards.report(second, 'token 2', 1, { progress: { ...progress, done: 200 } });
    const now = await job();
    expect(now.progress).toMatchObject({ done: 450, failed: 6, total: 1024, etaSeconds: expect.any(Number) });
    expect(now.progress?.tokensPerSecond).toBeGreaterThan(0);
  });

  test('the progress of a cancelled job in shards is what was committed', async () => {
    const { claim, finish, store, job, id } = await queuedJob(4);
    await finish(0);
    const under = (await claim(1))!;
    await store.shards.report(under, 'token 1', 1, { progress });
    await store.cancel(id);
    expect(await job()).toMatchObject({ state: 'cancelled', progress: { done: 250, failed: 6 } });
  });
});

describe('the commit of a shard', () => {
  test('the commit of a shard that the connection repeats counts once and returns the same', async () => {
    const { claim, store, job, tickets } = await queuedJob(3);
    const shard = (await claim(0))!;
    const commit = () => settle(store, shard, { state: 'succeeded', result: counts });
    expect(await commit()).toBe('running');
    expect(await commit()).toBe('running');
    expect(await job()).toMatchObject({ progress: { done: 250 } });
    expect(await tickets()).toEqual([0, 1, 2]);
  });

  test('the commit of a shard of a cancelled job counts nothing, and no ticket can be claimed', async () => {
    const { claim, store, job, id, tickets } = await queuedJob(3);
    const shard = (await claim(0))!;
    await store.cancel(id);
    expect(await settle(store, shard, { state: 'succeeded', result: counts })).toBeUndefined();
    expect(await job()).toMatchObject({ state: 'cancelled', result: null, progress: { done: 0 } });
    for (const ticket of await tickets()) expect(await claim(ticket)).toBeUndefined();
  });
});

describe('a shard that is given back', () => {
  test('a shard that is given back at a drain spends nothing, and the job waits again once nobody has a shard of it', async () => {
    const { claim, store, job } = await queuedJob(3);
    const [first, second] = [(await claim(0))!, (await claim(1))!];
    expect(await settle(store, first, { state: 'handed-back' })).toBe('running');
    expect(await settle(store, second, { state: 'handed-back' })).toBe('queued');
    expect(await settle(store, second, { state: 'handed-back' })).toBe('queued');
    expect(await job()).toMatchObject({ state: 'queued', attempts: 0, queuePosition: 0 });
    expect(await claim(0, 'another')).toMatchObject({ attempts: 0, opens: first.opens });
  });

  test('a shard that is given back after an error waits for its back-off, and the rescuer releases it under a new delivery', async () => {
    const { claim, store, job, redis, keys, prefix, id, events } = await queuedJob(3);
    const [first] = [(await claim(0))!, await claim(1)];
    expect(await settle(store, first, { state: 'failed', error: crash })).toBe('running');
    expect(await job()).toMatchObject({ state: 'running', attempts: 1, error: crash });
    expect(await events()).toContainEqual({ type: 'log', level: 'warn', message: 'shard 0 is retried: it died' });
    expect(await claim(0, 'too early')).toBeUndefined();
    const rescuer = new JobRescuer({ redis, prefix });
    expect(await rescuer.releaseLost()).toBe(0);
    await redis.zadd(keys.due(), 0, `${id}.0`);
    expect(await rescuer.releaseDue()).toBe(1);
    expect(await rescuer.releaseDue()).toBe(0);
    expect(await claim(0, 'second', 1)).toBeUndefined();
    expect(await claim(0, 'second', 2)).toMatchObject({ attempts: 1 });
    await rescuer.stop();
  });

  test('too often fails the job', async () => {
    const { claim, store, job, redis, keys, prefix, id } = await queuedJob(3, { maxAttempts: 2 });
    const rescuer = new JobRescuer({ redis, prefix });
    expect(await settle(store, (await claim(0))!, { state: 'failed', error: crash })).toBe('queued');
    await redis.zadd(keys.due(), 0, `${id}.0`);
    await rescuer.releaseDue();
    const again = (await claim(0, 'token 0 again', 2))!;
    expect(await settle(store, again, { state: 'failed', error: crash }, 'token 0 again')).toBe('failed');
    expect(await job()).toMatchObject({ state: 'failed', attempts: 2, error: crash });
    await rescuer.stop();
  });

  test('a shard that is given back after an error that no retry repairs fails the job, and what was due is forgotten', async () => {
    const { claim, store, redis, keys, prefix, id } = await queuedJob(3);
    const [first, second] = [(await claim(0))!, (await claim(1))!];
    await settle(store, first, { state: 'failed', error: crash });
    expect(await settle(store, second, { state: 'failed', error: { ...crash, retryable: false } })).toBe('failed');
    await redis.zadd(keys.due(), 0, `${id}.0`);
    const rescuer = new JobRescuer({ redis, prefix });
    expect(await rescuer.releaseDue()).toBe(0);
    expect(await redis.zcard(keys.due())).toBe(0);
    await rescuer.stop();
  });
});

test('the rescuer repairs an open shard whose ticket was lost, once however many rescuers run', async () => {
  const { redis, prefix, id, claim, finish } = await queuedJob(5);
  await finish(0);
  await redis.zrem(`${prefix}:generate:prioritized`, `${id}.2.1`);
  await redis.del(`${prefix}:generate:${id}.2.1`);
  const rescuers = [new JobRescuer({ redis, prefix }), new JobRescuer({ redis, prefix })];
  const released = await Promise.all(rescuers.map((rescuer) => rescuer.releaseLost()));
  expect(released.reduce((a, b) => a + b)).toBe(1);
  expect(await claim(2, 'token', 2)).toBeDefined();
  await Promise.all(rescuers.map((rescuer) => rescuer.stop()));
});

test('prompts that came with the request are read apart from the shards', async () => {
  const store = new WorkedBoard({ redis: valkey.redis(), prefix: valkey.fresh() });
  const request = generateRequest.parse({ model: 'model_1', prompts: ['one', ''] });
  const [job] = await store.create([{ kind: 'generate', request, promptCount: 2 }]);
  const claimed = await store.shards.claim(job!.id, 0, { delivery: 1, token: 'token', worker: 'worker_1' });
  expect(claimed?.request).not.toHaveProperty('prompts');
  expect(await store.shards.prompts(job!.id)).toEqual(['one', '']);
  expect(await store.shards.prompts('job_nothing')).toBeUndefined();
});
