import { expect, test } from 'vitest';
import { z } from 'zod';
import { generateDraft, trainDraft } from './job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import type { JobDraft } from '../kinds/job-draft.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';

const valkey = useValkey();

const PROMPT_BYTES = 1000;
const draft = (more: object = {}): JobDraft & { kind: 'generate' } =>
  generateDraft({ prompts: ['a'.repeat(PROMPT_BYTES)], ...more });

function openQueue(maxWaitingBytes: number) {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const keys = new JobKeys(prefix);
  const store = new WorkedBoard({ redis, prefix, maxWaitingBytes });
  const bytes = async () => {
    const names = (['train', 'generate'] as const).flatMap((kind) =>
      (['queued', 'paused'] as const).map((state) => keys.waitingBytes(kind, state)),
    );
    return (await redis.mget(names)).map((count) => (count === null ? null : Number(count)));
  };
  const made = async (one = draft()) => (await store.create([one]))[0]!.id;
  return { redis, keys, store, bytes, made };
}

const claimant = { delivery: 1, token: 'token', worker: 'worker_1' };

test('a job counts with the bytes of its request while it is queued or paused, and not while it runs', async () => {
  const { bytes, made, store } = openQueue(Number.MAX_SAFE_INTEGER);
  const id = await made();
  const size = (await bytes())[2]!;
  expect(size).toBeGreaterThan(PROMPT_BYTES);
  expect(size).toBeLessThan(2 * PROMPT_BYTES);
  await store.pause(id);
  expect(await bytes()).toEqual([null, null, null, size]);
  await store.resume(id);
  expect(await bytes()).toEqual([null, null, size, null]);
  const shard = (await store.shards.claim(id, 0, { ...claimant, delivery: 2, lane: 'generate-now' }))!;
  expect(await bytes()).toEqual([null, null, null, null]);
  await store.shards.settle(shard, claimant.token, { state: 'handed-back' });
  expect(await bytes()).toEqual([null, null, size, null]);
  await store.cancel(id);
  expect(await bytes()).toEqual([null, null, null, null]);
});

test('a queue takes jobs of as many bytes as it may, all of a batch or none, and more when some have left', async () => {
  const { store, made, bytes } = openQueue(3000);
  const first = await made();
  await made();
  const full = { code: 'queue_full', limited: 'bytes', limit: 3000 };
  await expect(store.create([draft()])).rejects.toMatchObject(full);
  await expect(store.create([trainDraft(), draft()])).rejects.toMatchObject(full);
  expect((await bytes())[0]).toBeNull();
  await store.create([generateDraft()]);
  await store.cancel(first);
  await made();
});

test('a queue takes no more bytes than it may from several at once', async () => {
  const { store } = openQueue(3000);
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => store.create([draft()])));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});

test('an empty queue takes one request of any size, and forgets what was counted wrongly', async () => {
  const { made, redis, keys, bytes } = openQueue(10);
  await redis.set(keys.waitingBytes('train', 'queued'), 1_000_000);
  await made();
  expect((await bytes())[0]).toBeNull();
});

test('a record of before bytes were counted moves through the states without any', async () => {
  const { made, redis, keys, store, bytes } = openQueue(Number.MAX_SAFE_INTEGER);
  const id = await made();
  await redis.hdel(keys.job(id), 'bytes');
  await redis.del(keys.waitingBytes('generate', 'queued'));
  await store.pause(id);
  await store.resume(id);
  await store.cancel(id);
  expect(await bytes()).toEqual([null, null, null, null]);
});

test('prompts that are too large for a record are kept elsewhere first, and are not if the job is refused', async () => {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const kept = new Map<string, string>();
  const promptStore = {
    write: async (id: string, prompts: string) => void kept.set(id, prompts),
    read: async (id: string) => {
      const text = kept.get(id);
      return text === undefined ? undefined : z.array(z.string()).parse(JSON.parse(text));
    },
    remove: async (id: string) => void kept.delete(id),
  };
  const store = new WorkedBoard({ redis, prefix, promptStore });
  const large = ['a'.repeat(17 * 1024), 'b'];
  const [job] = await store.create([draft({ prompts: large })]);
  expect(job!.request).toMatchObject({ prompts: large });
  expect([...kept]).toEqual([[job!.id, JSON.stringify(large)]]);
  expect(await redis.hget(new JobKeys(prefix).job(job!.id), 'prompts')).toBeNull();
  expect((await store.summary(job!.id))!.request).not.toHaveProperty('prompts');
  const [small] = await store.create([draft()]);
  expect(await store.shards.prompts(small!.id)).toEqual(['a'.repeat(PROMPT_BYTES)]);
  await expect(store.create([draft({ prompts: large, deadline: '2001-01-01T00:00:00Z' })])).rejects.toThrow('deadline');
  expect(kept.size).toBe(1);
  kept.clear();
  expect((await store.get(job!.id))!.request).not.toHaveProperty('prompts');
});
