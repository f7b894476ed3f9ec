import type { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { shardedDraft, trainDraft } from './job-drafts.fixture.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { connectRedis } from '../redis/redis-connection.js';
import { checkRedis, checkRedisServes, UnsafeRedisError } from '../redis/redis-durability.js';
import { redisRefusal } from '../redis/redis-refusal.js';
import { useValkey } from '../redis/redis.fixture.js';
import { JobRescuer } from '../board/job-rescuer.js';

const valkey = useValkey();
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await valkey.redis().config('SET', 'maxmemory', '0');
  await valkey.redis().call('REPLICAOF', 'NO', 'ONE');
  for (const each of opened.splice(0)) await each.close();
});

function openStore(prefix = valkey.fresh(), redis = valkey.redis()) {
  const store = new WorkedBoard({ redis, prefix });
  opened.push(store);
  return { store, prefix };
}

/** Deliveries that wait in a lane. */
async function waiting(prefix: string, lane: 'train' | 'generate'): Promise<string[]> {
  return await valkey.redis().zrange(`${prefix}:${lane}:prioritized`, '0', '-1');
}

const by = { delivery: 1, token: 'token', worker: 'worker_1' };

/** As after a failover: no script is known to the server any more. */
async function forgetScripts(): Promise<void> {
  await valkey.redis().script('FLUSH');
}

describe('a server that has forgotten all scripts', () => {
  test('a server that has forgotten all scripts takes new jobs, each with its delivery', async () => {
    const { store, prefix } = openStore();
    await store.create([trainDraft()]);
    await forgetScripts();
    const [train, generate] = await store.create([trainDraft(), shardedDraft(3)]);
    expect(await waiting(prefix, 'train')).toContain(`${train!.id}.1`);
    expect(await waiting(prefix, 'generate')).toEqual([`${generate!.id}.0.1`, `${generate!.id}.1.1`]);
  });

  test('a server that has forgotten all scripts resumes a paused job with a delivery', async () => {
    const { store, prefix } = openStore();
    const [job] = await store.create([trainDraft()]);
    await store.pause(job!.id);
    expect(await waiting(prefix, 'train')).toEqual([]);
    await forgetScripts();
    await store.resume(job!.id);
    expect(await waiting(prefix, 'train')).toEqual([`${job!.id}.2`]);
  });

  test('commits a shard with the ticket of the next', async () => {
    const { store, prefix } = openStore();
    const [job] = await store.create([shardedDraft(3)]);
    const shard = await store.shards.claim(job!.id, 0, by);
    await forgetScripts();
    await store.shards.settle(shard!, 'token', { state: 'succeeded', result: { done: 256, failed: 0, tokens: 1024 } });
    expect(await waiting(prefix, 'generate')).toContain(`${job!.id}.2.1`);
  });

  test('a server that has forgotten all scripts releases a retry whose time has come, ahead of what has waited less', async () => {
    const { store, prefix } = openStore();
    const [job] = await store.create([trainDraft()]);
    await store.create([trainDraft(), trainDraft()]);
    await store.claim(job!.id, by);
    const error = { code: 'engine_died', message: 'it died', retryable: true };
    await store.settle(job!.id, 'token', { state: 'failed', error });
    const rescuer = new JobRescuer({ redis: valkey.redis(), prefix });
    await valkey.redis().zadd(`${prefix}:due`, 0, job!.id);
    await forgetScripts();
    expect(await rescuer.releaseDue()).toBe(1);
    // BullMQ itself took the first delivery when a worker got it; here nobody has.
    const next = (await waiting(prefix, 'train')).find((id) => id !== `${job!.id}.1`);
    expect(next).toBe(`${job!.id}.2`);
    await rescuer.stop();
  });
});

/** Everything that there is of a queue. */
async function contentOf(prefix: string): Promise<string[]> {
  return (await valkey.redis().keys(`${prefix}*`)).sort();
}

describe.each([
  ['that is out of memory', 'OOM', (redis: Redis) => redis.config('SET', 'maxmemory', '1')],
  ['that has become a replica', 'READONLY', (redis: Redis) => redis.call('REPLICAOF', '127.0.0.1', '1')],
])('a server %s', (_, code, breakIt) => {
  test('a server that has forgotten all scripts makes no half of a job, and says why', async () => {
    const { store, prefix } = openStore();
    await store.create([trainDraft()]);
    const before = await contentOf(prefix);
    await breakIt(valkey.redis());
    for (const drafts of [[trainDraft()], [shardedDraft(3), trainDraft()]]) {
      const refusal = await store.create(drafts).catch((error: unknown) => redisRefusal(error));
      expect(refusal).toMatchObject({ code });
    }
    expect(await contentOf(prefix)).toEqual(before);
    await expect(checkRedisServes(valkey.redis(), prefix)).rejects.toSatisfy(
      (error: unknown) => redisRefusal(error)?.code === code,
    );
  });
});

test('what is under way is kept and ended even when the memory of Redis is full', async () => {
  const { store, prefix } = openStore();
  const [train, sharded, cancelled] = await store.create([trainDraft(), shardedDraft(2), trainDraft()]);
  await store.claim(train!.id, by);
  const shard = await store.shards.claim(sharded!.id, 0, by);
  await valkey.redis().config('SET', 'maxmemory', '1');

  const checkpoint = { key: `checkpoints/${train!.id}/1`, step: 1 };
  expect(await store.saveCheckpoint(train!.id, 'token', checkpoint)).toMatchObject({ held: true });
  const events = [{ type: 'log', level: 'info', message: 'said' } as const];
  expect(await store.report(train!.id, 'token', 1, { events })).toMatchObject({ held: true });
  expect(await store.settle(train!.id, 'token', { state: 'handed-back' })).toBe('queued');
  expect(await store.checkpoints(train!.id)).toEqual([checkpoint]);
  const counts = { done: 256, failed: 0, tokens: 1024 };
  await store.shards.settle(shard!, 'token', { state: 'succeeded', result: counts });
  expect((await store.get(sharded!.id))?.progress).toMatchObject({ done: 256 });
  expect(await store.cancel(cancelled!.id)).toMatchObject({ state: 'cancelled' });
  await store.remove(cancelled!.id);
  await expect(store.create([trainDraft()])).rejects.toThrow(/^OOM/u);
  await expect(checkRedisServes(valkey.redis(), prefix)).rejects.toThrow(/^OOM/u);
});

test('a job is made whole or not at all even if one of its keys is of another type', async () => {
  const { store, prefix } = openStore();
  await valkey.redis().set(`${prefix}:deadlines`, 'not a sorted set');
  const before = await contentOf(prefix);
  const draft = trainDraft({ deadline: '2127-01-01T00:00:00Z' });
  await expect(store.create([draft, draft])).rejects.toThrow(/WRONGTYPE/u);
  const left = (await contentOf(prefix)).filter((key) => !before.includes(key));
  // A delivery without a record ends at its claim, and BullMQ's own counters are no jobs.
  expect(left.filter((key) => key.includes(':job:') || key.includes(':jobs'))).toEqual([]);
  expect((await store.list({ limit: 10 })).data).toEqual([]);
});

test('a user that may not do what is needed is refused at the start, with what it may not do', async () => {
  const prefix = valkey.fresh();
  await valkey.redis().call('ACL', 'SETUSER', 'reader', 'on', '>pass', '~*', '&*', '+@all', '-eval', '-evalsha');
  const url = new URL(valkey.url());
  url.username = 'reader';
  url.password = 'pass';
  const redis = connectRedis(url.href, 'worker', () => undefined);
  await expect(checkRedis(redis, prefix)).rejects.toThrow(UnsafeRedisError);
  await expect(checkRedis(redis, prefix)).rejects.toThrow(/may not do what is needed.*'eval'/u);
  redis.disconnect();
});
