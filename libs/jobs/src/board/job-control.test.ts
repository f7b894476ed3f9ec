import { describe, expect, test } from 'vitest';
import { JobStateConflictError } from './errors.js';
import type { JobDraft } from '../kinds/job-draft.js';
import { shardedDraft, trainDraft } from '../proof/job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';
import { JobRescuer } from './job-rescuer.js';

const valkey = useValkey();

const crash = { code: 'engine_died', message: 'it died', retryable: true };
const counts = { done: 250, failed: 6, tokens: 1000 };
const trained = { model: 'model_1', trainLoss: 2.4, validationLoss: 2.5 };

/** A job, and what a worker does with it. */
async function queued(draft: JobDraft = trainDraft()) {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const keys = new JobKeys(prefix);
  const store = new WorkedBoard({ redis, prefix });
  const [made] = await store.create([draft]);
  const id = made!.id;
  const by = (token: string, delivery: number) => ({ delivery, token, worker: 'worker_1' });
  return {
    id,
    prefix,
    redis,
    keys,
    store,
    job: async () => (await store.get(id))!,
    claim: async (token: string, delivery = 1) => await store.claim(id, by(token, delivery)),
    claimShard: async (shard: number, token = `token ${shard}`, delivery = 1) =>
      await store.shards.claim(id, shard, by(token, delivery)),
    /** The deliveries that wait, without the job's id. */
    deliveries: async () => {
      const waiting = await redis.zrange(`${prefix}:${draft.kind}:prioritized`, '0', '-1');
      return waiting.map((delivery) => delivery.replace(`${id}.`, ''));
    },
    states: async () => {
      const { events } = await store.readEvents(id, '0');
      return events.flatMap(({ event }) => (event.type === 'state' ? [event.state] : []));
    },
    rescuer: async <Result>(step: (rescuer: JobRescuer) => Promise<Result>): Promise<Result> => {
      const rescuer = new JobRescuer({ redis, prefix });
      try {
        return await step(rescuer);
      } finally {
        await rescuer.stop();
      }
    },
  };
}

describe('pausing a train job', () => {
  test('pausing a train job that waits takes its delivery out of the queue, and no worker can claim it', async () => {
    const { store, id, job, claim, deliveries } = await queued();
    expect(await store.pause(id)).toMatchObject({ state: 'paused', requested: null, queuePosition: null });
    expect(await deliveries()).toEqual([]);
    expect(await claim('token')).toBeUndefined();
    expect(await store.pause(id)).toEqual(await job());
  });

  test('pausing a train job that waits for its back-off forgets the back-off', async () => {
    const { store, id, claim, redis, keys, rescuer } = await queued();
    await claim('token');
    await store.settle(id, 'token', { state: 'failed', error: crash });
    await store.pause(id);
    await redis.zadd(keys.due(), 0, 'job_of_another');
    expect(await redis.zrange(keys.due(), '0', '-1')).toEqual(['job_of_another']);
    expect(await rescuer((each) => each.releaseDue())).toBe(0);
  });

  test('pausing a train job that runs is told to its worker by the heartbeat, and is paused once the worker says so', async () => {
    const { store, id, job, claim, states } = await queued();
    await claim('token');
    expect(await store.pause(id)).toMatchObject({ state: 'running', requested: 'pause' });
    expect(await store.pause(id)).toMatchObject({ state: 'running', requested: 'pause' });
    expect(await store.report(id, 'token', 1, {})).toEqual({ held: true, requested: 'pause' });
    expect(await store.settle(id, 'token', { state: 'paused' })).toBe('paused');
    expect(await store.settle(id, 'token', { state: 'paused' })).toBe('paused');
    expect(await job()).toMatchObject({ state: 'paused', requested: null, attempts: 0, finishedAt: null });
    expect(await store.report(id, 'token', 2, {})).toMatchObject({ held: false });
    expect(await states()).toEqual(['queued', 'running', 'paused']);
  });

  test('pausing a train job is heeded however its worker hands it back', async () => {
    const drained = await queued();
    await drained.claim('token');
    await drained.store.pause(drained.id);
    expect(await drained.store.settle(drained.id, 'token', { state: 'handed-back' })).toBe('paused');
    const failed = await queued();
    await failed.claim('token');
    await failed.store.pause(failed.id);
    expect(await failed.store.settle(failed.id, 'token', { state: 'failed', error: crash })).toBe('paused');
    expect(await failed.job()).toMatchObject({ attempts: 1, error: crash });
    expect(await failed.redis.zcard(failed.keys.due())).toBe(0);
  });

  test('pausing a train job is heeded when its worker died: the next claim pauses it and spends the attempt', async () => {
    const { store, id, job, claim } = await queued();
    await claim('first');
    await store.pause(id);
    expect(await claim('second')).toBeUndefined();
    expect(await job()).toMatchObject({ state: 'paused', attempts: 1, error: { code: 'worker_lost' } });
    expect(await store.report(id, 'first', 1, {})).toMatchObject({ held: false });
  });

  test('pausing a train job does not keep a job from ending that was about to', async () => {
    const { store, id, job, claim } = await queued();
    await claim('token');
    await store.pause(id);
    await store.settle(id, 'token', { state: 'succeeded', result: trained });
    expect(await job()).toMatchObject({ state: 'succeeded', requested: null });
  });

  test('pausing a train job comes too late once the job publishes its result, or has ended', async () => {
    const { store, id, claim } = await queued();
    await claim('token');
    await store.startCommitting(id, 'token');
    await expect(store.pause(id)).rejects.toThrow(/is publishing its result and can no longer be paused/u);
    await store.settle(id, 'token', { state: 'succeeded', result: trained });
    await expect(store.pause(id)).rejects.toThrow(/is succeeded and cannot be paused/u);
  });
});

describe('resuming a train job', () => {
  test('resuming a train job queues it under its next delivery, which alone can claim it', async () => {
    const { store, id, claim, deliveries } = await queued();
    await store.pause(id);
    expect(await store.resume(id)).toMatchObject({ state: 'queued', queuePosition: 0 });
    expect(await deliveries()).toEqual(['2']);
    expect(await claim('stale', 1)).toBeUndefined();
    expect(await claim('token', 2)).toMatchObject({ attempts: 0 });
  });

  test('resuming a train job that is queued or runs leaves it as it is', async () => {
    const { store, id, job, claim, deliveries } = await queued();
    expect(await store.resume(id)).toMatchObject({ state: 'queued' });
    await claim('token');
    expect(await store.resume(id)).toEqual(await job());
    expect(await deliveries()).toEqual(['1']);
  });

  test('resuming a train job that was asked to pause takes the request back', async () => {
    const { store, id, claim } = await queued();
    await claim('token');
    await store.pause(id);
    expect(await store.resume(id)).toMatchObject({ state: 'running', requested: null });
    expect(await store.report(id, 'token', 1, {})).toEqual({ held: true, requested: null });
  });

  test('resuming a train job while its worker already stops has the worker hand it back', async () => {
    const { store, id, job, claim } = await queued();
    await claim('token');
    await store.pause(id);
    await store.resume(id);
    expect(await store.settle(id, 'token', { state: 'paused' })).toBe('queued');
    expect(await job()).toMatchObject({ state: 'queued', attempts: 0 });
    expect(await claim('another')).toMatchObject({ attempts: 0 });
  });

  test('resuming a train job by several at once gives it one delivery', async () => {
    const { store, id, deliveries } = await queued();
    await store.pause(id);
    await Promise.all([store.resume(id), store.resume(id), store.resume(id)]);
    expect(await deliveries()).toEqual(['2']);
  });

  test('resuming a train job that has ended is a conflict', async () => {
    const { store, id } = await queued();
    await store.cancel(id);
    await expect(store.resume(id)).rejects.toThrow(/is cancelled and cannot be resumed/u);
  });

  test('resuming a train job after each of several pauses yields the next delivery', async () => {
    const { store, id, claim } = await queued();
    for (const delivery of [1, 2, 3]) {
      expect(await claim(`token ${delivery}`, delivery)).toMatchObject({ attempts: 0 });
      await store.pause(id);
      await store.settle(id, `token ${delivery}`, { state: 'paused' });
      await store.resume(id);
    }
    expect(await claim('late', 3)).toBeUndefined();
  });
});

describe('a paused job', () => {
  test('a paused job can be cancelled', async () => {
    const { store, id } = await queued();
    await store.pause(id);
    expect(await store.cancel(id)).toMatchObject({ state: 'cancelled' });
    await expect(store.resume(id)).rejects.toThrow(JobStateConflictError);
  });

  test('a paused job is left alone by the rescuer', async () => {
    const { store, id, job, rescuer } = await queued();
    await store.pause(id);
    expect(await rescuer((each) => each.releaseLost())).toBe(0);
    expect(await job()).toMatchObject({ state: 'paused' });
  });
});

describe('pausing a job in shards', () => {
  test('pausing a job in shards that waits takes its tickets out of the queue, and resuming gives them anew', async () => {
    const { store, id, deliveries, claimShard } = await queued(shardedDraft(10));
    expect(await deliveries()).toEqual(['0.1', '1.1']);
    expect(await store.pause(id)).toMatchObject({ state: 'paused' });
    expect(await deliveries()).toEqual([]);
    expect(await claimShard(0)).toBeUndefined();
    expect(await store.resume(id)).toMatchObject({ state: 'queued', queuePosition: 0 });
    expect((await deliveries()).sort()).toEqual(['0.2', '1.2']);
    expect(await claimShard(0, 'token', 1)).toBeUndefined();
    expect(await claimShard(0, 'token', 2)).toBeDefined();
  });

  test('pausing a job in shards yields no further shard, and pauses it when the last that is in work is handed back', async () => {
    const { store, id, job, claimShard, states } = await queued(shardedDraft(10));
    const [first, second] = [(await claimShard(0))!, (await claimShard(1))!];
    await store.shards.settle(first, 'token 0', { state: 'succeeded', result: counts });
    await store.pause(id);
    expect(await claimShard(2)).toBeUndefined();
    expect(await store.shards.report(second, 'token 1', 1, {})).toEqual({ held: true, requested: 'pause' });
    expect(await store.shards.settle(second, 'token 1', { state: 'paused' })).toBe('paused');
    expect(await store.shards.settle(second, 'token 1', { state: 'paused' })).toBe('paused');
    expect(await job()).toMatchObject({ state: 'paused', attempts: 0, progress: { done: 250 } });
    expect(await states()).toEqual(['queued', 'running', 'paused']);
  });

  test('pausing a job in shards that is handed back while others have shards of it is still running, and rests', async () => {
    const { store, id, job, claimShard } = await queued(shardedDraft(10));
    const [first, second] = [(await claimShard(0))!, (await claimShard(1))!];
    await store.pause(id);
    expect(await store.shards.settle(first, 'token 0', { state: 'paused' })).toBe('paused');
    expect(await job()).toMatchObject({ state: 'running', requested: 'pause' });
    expect(await store.shards.settle(second, 'token 1', { state: 'failed', error: crash })).toBe('paused');
    expect(await job()).toMatchObject({ state: 'paused', attempts: 1 });
  });

  test('pausing a job in shards whose last shard in work is committed instead is paused by the commit, and what was committed stays', async () => {
    const { store, id, job, claimShard, deliveries } = await queued(shardedDraft(10));
    const shard = (await claimShard(0))!;
    await store.pause(id);
    expect(await store.shards.settle(shard, 'token 0', { state: 'succeeded', result: counts })).toBe('paused');
    expect(await job()).toMatchObject({ state: 'paused', progress: { done: 250 } });
    await store.resume(id);
    expect(await deliveries()).toEqual(expect.arrayContaining(['1.2', '2.2']));
    expect(await claimShard(0, 'again', 2)).toBeUndefined();
  });

  test('pausing a job in shards ends it where the last shard of all is committed', async () => {
    const { store, id, job, claimShard } = await queued(shardedDraft(1));
    const shard = (await claimShard(0))!;
    await store.pause(id);
    expect(await store.shards.settle(shard, 'token 0', { state: 'succeeded', result: counts })).toBe('succeeded');
    expect(await job()).toMatchObject({ state: 'succeeded', requested: null });
  });

  test('pausing a job in shards is heeded when the worker of a shard died', async () => {
    const { store, id, job, claimShard } = await queued(shardedDraft(10));
    await claimShard(0, 'first');
    await store.pause(id);
    expect(await claimShard(0, 'second')).toBeUndefined();
    expect(await job()).toMatchObject({ state: 'paused', attempts: 1 });
  });

  test('forgets the back-off of its shards', async () => {
    const { store, id, claimShard, redis, keys } = await queued(shardedDraft(10));
    const [first, second] = [(await claimShard(0))!, (await claimShard(1))!];
    await store.shards.settle(first, 'token 0', { state: 'failed', error: crash });
    await store.pause(id);
    expect(await redis.zcard(keys.due())).toBe(0);
    await store.shards.settle(second, 'token 1', { state: 'paused' });
    await store.resume(id);
    expect(await claimShard(0, 'token', 2)).toMatchObject({ attempts: 1 });
  });
});

describe('resuming a job in shards that still runs', () => {
  test('resuming a job in shards that still runs takes the request back, and gives the shards that rest tickets', async () => {
    const { store, id, job, claimShard, deliveries } = await queued(shardedDraft(10));
    const [first, second] = [(await claimShard(0))!, (await claimShard(1))!];
    await store.pause(id);
    await store.shards.settle(first, 'token 0', { state: 'paused' });
    expect(await store.resume(id)).toMatchObject({ state: 'running', requested: null });
    expect(await deliveries()).toContain('0.2');
    expect(await store.shards.settle(second, 'token 1', { state: 'paused' })).toBe('queued');
    expect(await job()).toMatchObject({ state: 'queued' });
    expect(await claimShard(0, 'again', 2)).toBeDefined();
    expect(await claimShard(1, 'again', 1)).toBeDefined();
  });

  test('resuming a job in shards that still runs while others commit loses no ticket', async () => {
    const { store, id, claimShard, redis, keys } = await queued(shardedDraft(40));
    const shards = await Promise.all([0, 1].map(async (shard) => (await claimShard(shard))!));
    await store.pause(id);
    await Promise.all([
      store.resume(id),
      ...shards.map((shard) =>
        store.shards.settle(shard, `token ${shard.shard}`, { state: 'succeeded', result: counts }),
      ),
      store.resume(id),
    ]);
    const open = await redis.hgetall(keys.openShards(id));
    for (const [shard, entry] of Object.entries(open)) {
      const { delivery } = JSON.parse(entry) as { delivery: number };
      expect(await claimShard(Number(shard), `token ${shard}`, delivery)).toBeDefined();
    }
    expect((await store.get(id))?.state).toBe('running');
  });
});

describe('a deadline', () => {
  const soon = () => new Date(Date.now() + 60_000).toISOString();

  async function overdue(draft: JobDraft) {
    const opened = await queued(draft);
    const { redis, keys, id } = opened;
    return {
      ...opened,
      pass: async () => await redis.zadd(keys.deadlines(), 1, id),
      left: async () => await redis.zcard(keys.deadlines()),
    };
  }

  test('a deadline that has passed is refused, and nothing is made', async () => {
    const { store, redis, keys, prefix } = await queued();
    const drafts = [trainDraft(), trainDraft({ deadline: '2001-01-01T00:00:00Z' })];
    await expect(store.create(drafts)).rejects.toMatchObject({ code: 'deadline_passed', place: 1 });
    expect(await redis.zcard(keys.all())).toBe(1);
    expect(await redis.zcard(`${prefix}:train:prioritized`)).toBe(1);
  });

  test('a deadline that is in the future leaves the job alone', async () => {
    const { job, rescuer, left } = await overdue(trainDraft({ deadline: soon() }));
    expect(await rescuer((each) => each.endOverdue())).toBe(0);
    expect([(await job()).state, await left()]).toEqual(['queued', 1]);
  });

  test('a deadline fails a job that waits, and takes its delivery out of the queue', async () => {
    const { job, rescuer, pass, left, deliveries } = await overdue(trainDraft({ deadline: soon() }));
    await pass();
    expect(await rescuer((each) => each.endOverdue())).toBe(1);
    expect(await job()).toMatchObject({ state: 'failed', error: { code: 'deadline_exceeded', retryable: false } });
    expect([await left(), await deliveries()]).toEqual([0, []]);
  });

  test('a deadline fails a job that runs, and its worker no longer holds it', async () => {
    const { store, id, job, claim, rescuer, pass } = await overdue(trainDraft({ deadline: soon() }));
    await claim('token');
    await pass();
    await rescuer((each) => each.endOverdue());
    expect(await store.report(id, 'token', 1, {})).toMatchObject({ held: false });
    expect(await job()).toMatchObject({ state: 'failed', attempts: 0 });
  });

  test('a deadline fails a paused job, and one in shards', async () => {
    const paused = await overdue(trainDraft({ deadline: soon() }));
    await paused.store.pause(paused.id);
    await paused.pass();
    await paused.rescuer((each) => each.endOverdue());
    expect((await paused.job()).state).toBe('failed');
    const sharded = await overdue(shardedDraft(3, { deadline: soon() }));
    const shard = (await sharded.claimShard(0))!;
    await sharded.pass();
    await sharded.rescuer((each) => each.endOverdue());
    expect((await sharded.job()).state).toBe('failed');
    expect(await sharded.store.shards.report(shard, 'token 0', 1, {})).toMatchObject({ held: false });
  });

  test('a deadline waits for a job that is publishing its result, and leaves one that has ended as it is', async () => {
    const { store, id, job, claim, rescuer, pass, left } = await overdue(trainDraft({ deadline: soon() }));
    await claim('token');
    await store.startCommitting(id, 'token');
    await pass();
    expect(await rescuer((each) => each.endOverdue())).toBe(0);
    await store.settle(id, 'token', { state: 'succeeded', result: trained });
    expect(await rescuer((each) => each.endOverdue())).toBe(1);
    expect([(await job()).state, await left()]).toEqual(['succeeded', 0]);
  });
});
