import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { JobNotFoundError } from './errors.js';
import type { JobDraft } from '../kinds/job-draft.js';
import { generateDraft, shardedDraft, trainDraft } from '../proof/job-drafts.fixture.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';

const valkey = useValkey();

const counts = { done: 250, failed: 6, tokens: 1000 };
const at = (owner: string, step: number) => ({ key: `checkpoints/${owner}/${step}`, step });

async function milliseconds(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

function openStore() {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const store = new WorkedBoard({ redis, prefix });
  const made = async (draft: JobDraft = trainDraft()) => (await store.create([draft]))[0]!;
  const finish = async (id: string) => {
    await store.claim(id, { delivery: 1, token: id, worker: 'worker_1' });
    await store.settle(id, id, {
      state: 'succeeded',
      result: { model: `model_of_${id}`, trainLoss: 2, validationLoss: 2 },
    });
  };
  return {
    redis,
    store,
    made,
    finish,
    finished: async (draft?: JobDraft) => {
      const { id } = await made(draft);
      await finish(id);
      return id;
    },
    /** Every key that is there, but for BullMQ's: no BullMQ worker takes the deliveries here. */
    keys: async () => (await redis.keys(`${prefix}:*`)).filter((key) => !/\}:(?:train|generate(?:-now)?):/u.test(key)),
  };
}

describe('removing a finished job', () => {
  test('removing a finished job leaves nothing of it in Redis', async () => {
    const { store, finished, keys } = openStore();
    const draft = trainDraft({ tags: ['demo'], deadline: new Date(Date.now() + 60_000).toISOString() });
    const id = await finished(draft);
    expect((await keys()).length).toBeGreaterThan(4);
    await store.remove(id);
    expect(await store.get(id)).toBeUndefined();
    expect(await keys()).toEqual([]);
    expect(await store.readEvents(id, '0')).toMatchObject({ events: [] });
  });

  test('removing a finished job leaves nothing of one in shards', async () => {
    const { store, made, keys } = openStore();
    const { id } = await made(shardedDraft(1));
    const shard = await store.shards.claim(id, 0, { delivery: 1, token: 'token', worker: 'worker_1' });
    await store.shards.settle(shard!, 'token', { state: 'succeeded', result: counts });
    await store.remove(id);
    expect(await keys()).toEqual([]);
  });

  test('removing a finished job is a conflict while it has not ended, and an error if there is none', async () => {
    const { store, made, finished } = openStore();
    const { id } = await made();
    await expect(store.remove(id)).rejects.toThrow(/is queued and cannot be deleted/u);
    const other = await finished();
    await store.remove(other);
    await expect(store.remove(other)).rejects.toThrow(JobNotFoundError);
  });

  test('removing a finished job is not undone by a worker that lost it', async () => {
    const { store, made, keys } = openStore();
    const { id } = await made();
    await store.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
    await store.cancel(id);
    await store.remove(id);
    const said = { events: [{ type: 'log', level: 'info', message: 'late' } as const] };
    expect(await store.report(id, 'token', 1, said)).toMatchObject({ held: false });
    expect(await store.saveCheckpoint(id, 'token', at(id, 1))).toMatchObject({ held: false });
    expect(await store.settle(id, 'token', { state: 'handed-back' })).toBeUndefined();
    expect(await store.claim(id, { delivery: 1, token: 'another', worker: 'worker_1' })).toBeUndefined();
    expect(await keys()).toEqual([]);
  });

  test('removing a finished job reports which jobs are gone', async () => {
    const { store, made, finished } = openStore();
    const gone = await finished();
    const { id } = await made();
    await store.remove(gone);
    expect(await store.missing([id, gone])).toEqual([gone]);
  });
});

describe('the checkpoints in use of a job', () => {
  async function trained() {
    const opened = openStore();
    const { id } = await opened.made();
    await opened.store.claim(id, { delivery: 1, token: id, worker: 'worker_1' });
    for (const step of [10, 20]) await opened.store.saveCheckpoint(id, id, at(id, step));
    await opened.store.cancel(id);
    const heir = async (from: string) =>
      await opened.made({ ...trainDraft(), retryOf: from, checkpoints: await opened.store.checkpoints(from) });
    return { ...opened, id, heir };
  }

  test('the checkpoints in use of a job are those that it points to itself', async () => {
    const { store, id } = await trained();
    expect(await store.checkpointsInUse(id)).toEqual(new Set([`checkpoints/${id}/20`, `checkpoints/${id}/10`]));
  });

  test('the checkpoints in use of a job are those that a retry of its retry points to, after it is removed', async () => {
    const { store, id, heir } = await trained();
    const child = await heir(id);
    await store.cancel(child.id);
    const grandchild = await heir(child.id);
    await store.remove(id);
    await store.remove(child.id);
    expect(await store.checkpointsInUse(id)).toEqual(new Set([`checkpoints/${id}/20`, `checkpoints/${id}/10`]));
    await store.cancel(grandchild.id);
    await store.remove(grandchild.id);
    expect(await store.checkpointsInUse(id)).toEqual(new Set());
  });

  test('the checkpoints in use of a job are given up one after another by an heir that has its own', async () => {
    const { store, id, heir } = await trained();
    const child = await heir(id);
    await store.remove(id);
    await store.claim(child.id, { delivery: 1, token: 'heir', worker: 'worker_1' });
    await store.saveCheckpoint(child.id, 'heir', at(child.id, 30));
    expect(await store.checkpointsInUse(id)).toContain(`checkpoints/${id}/20`);
    await store.saveCheckpoint(child.id, 'heir', at(child.id, 40));
    expect(await store.checkpointsInUse(id)).not.toContain(`checkpoints/${id}/20`);
  });

  test('the checkpoints in use of a job are handed to no job that is made after they were removed', async () => {
    const { store, id, heir, redis } = await trained();
    const checkpoints = await store.checkpoints(id);
    await store.remove(id);
    const late = { ...trainDraft(), retryOf: id, checkpoints };
    await expect(store.create([trainDraft(), late])).rejects.toThrow(JobNotFoundError);
    await expect(heir(id)).rejects.toThrow(JobNotFoundError);
    expect((await store.list({ limit: 10 })).data).toEqual([]);
    expect(await redis.dbsize()).toBeGreaterThan(0);
  });
});

describe('finished jobs are outlived', () => {
  test('finished jobs are outlived by age, and only those that have ended', async () => {
    const { store, made, finished } = openStore();
    await made();
    const ids = [await finished(), await finished()];
    const keep = { seconds: 3600, count: 10, limit: 10 };
    expect(await store.outlived(keep)).toEqual([]);
    expect(await store.outlived({ ...keep, seconds: -1 })).toEqual(ids);
    expect(await store.outlived({ ...keep, seconds: -1, limit: 1 })).toEqual([ids[0]]);
  });

  test('finished jobs are outlived by number, the longest finished first', async () => {
    const { store, redis, made, finish } = openStore();
    const jobs = [await made(), await made(), await made()];
    for (const { id } of jobs.toReversed()) {
      await finish(id);
      // Those that end within one millisecond have no order.
      const endedAt = await milliseconds(redis);
      while ((await milliseconds(redis)) === endedAt);
    }
    const newestFinished = jobs.map(({ id }) => id);
    expect(await store.outlived({ seconds: 3600, count: 1, limit: 10 })).toEqual(newestFinished.slice(1).reverse());
    expect(await store.outlived({ seconds: 3600, count: 3, limit: 10 })).toEqual([]);
  });
});

describe('an idempotency key', () => {
  const key = { scope: 'POST /api/jobs/train 1', hash: 'hash' };

  test('an idempotency key that is known yields the jobs that were made first', async () => {
    const { store } = openStore();
    expect(await store.answered(key)).toBeUndefined();
    const made = await store.create([trainDraft(), trainDraft()], key);
    expect(await store.create([trainDraft(), trainDraft()], key)).toEqual(made);
    expect(await store.answered(key)).toEqual(made);
    expect((await store.list({ limit: 10 })).data).toHaveLength(2);
  });

  test('an idempotency key makes its jobs once, however many send it at the same time, and leaves no delivery of the others', async () => {
    const { store, redis, keys } = openStore();
    const made = await Promise.all(Array.from({ length: 5 }, () => store.create([trainDraft()], key)));
    expect(new Set(made.map(([job]) => job!.id)).size).toBe(1);
    const all = (await keys()).find((name) => name.endsWith(':jobs'))!;
    expect(await redis.zcard(all)).toBe(1);
    expect(await redis.zcard(all.replace(/jobs$/u, 'train:prioritized'))).toBe(1);
  });

  test('an idempotency key of another request is refused', async () => {
    const { store } = openStore();
    await store.create([trainDraft()], key);
    const other = { ...key, hash: 'another' };
    await expect(store.create([trainDraft()], other)).rejects.toMatchObject({ code: 'idempotency_conflict' });
    await expect(store.answered(other)).rejects.toMatchObject({ code: 'idempotency_conflict' });
  });

  test('an idempotency key is remembered for a day', async () => {
    const { store, redis, keys } = openStore();
    await store.create([trainDraft()], key);
    const name = (await keys()).find((each) => each.includes(':idempotency:'))!;
    const leftMs = await redis.pttl(name);
    expect(leftMs).toBeGreaterThan(23 * 3_600_000);
    expect(leftMs).toBeLessThanOrEqual(24 * 3_600_000);
  });

  test('an idempotency key without jobs, because they were refused, is free again', async () => {
    const { store } = openStore();
    const late = trainDraft({ deadline: '2001-01-01T00:00:00Z' });
    await expect(store.create([late], key)).rejects.toMatchObject({ code: 'deadline_passed' });
    expect(await store.create([trainDraft()], key)).toHaveLength(1);
  });
});

describe('a full queue', () => {
  function smallQueue() {
    const prefix = valkey.fresh();
    const redis = valkey.redis();
    const store = new WorkedBoard({ redis, prefix, maxWaitingJobs: 3 });
    const waiting = async () => await redis.zcard(`${prefix}:train:prioritized`);
    return { store, waiting };
  }

  test('a full queue takes all of a batch or none, and leaves no delivery', async () => {
    const { store, waiting } = smallQueue();
    await store.create([trainDraft(), trainDraft()]);
    await expect(store.create([trainDraft(), trainDraft()])).rejects.toMatchObject({ code: 'queue_full', limit: 3 });
    expect(await waiting()).toBe(2);
    await store.create([trainDraft()]);
    expect((await store.list({ limit: 10 })).data).toHaveLength(3);
  });

  test('a full queue counts what is queued and paused of both kinds, not what runs', async () => {
    const { store } = smallQueue();
    const [running, paused] = await store.create([trainDraft(), trainDraft(), generateDraft()]);
    await store.pause(paused!.id);
    await expect(store.create([trainDraft()])).rejects.toMatchObject({ code: 'queue_full' });
    await store.claim(running!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
    expect(await store.create([trainDraft()])).toHaveLength(1);
  });

  test('a full queue takes no more than it may from several at once', async () => {
    const { store, waiting } = smallQueue();
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => store.create([trainDraft()])));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await waiting()).toBe(3);
  });
});
