import { generateRequest } from '@glyphmill/contract';
import { describe, expect, test } from 'vitest';
import { deliveryId } from '../deliveries/delivery-queue.js';
import { JobKeys } from './job-keys.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { generateLane, type Lane } from './lane.js';
import { useValkey } from '../redis/redis.fixture.js';
import { JobRescuer } from '../board/job-rescuer.js';

const valkey = useValkey();

test.each([
  [{ promptCount: 1, samples: 1, maxNewTokens: 16_384 }, 'generate-now'],
  [{ promptCount: 4, samples: 4, maxNewTokens: 1024 }, 'generate-now'],
  [{ promptCount: 4, samples: 4, maxNewTokens: 1025 }, 'generate'],
  [{ promptCount: 17, samples: 1, maxNewTokens: 1 }, 'generate'],
])('%o waits in the lane %s', (extent, lane) => {
  expect(generateLane(extent)).toBe(lane);
});

const SMALL = { prompts: ['a'] };
const LARGE = { prompts: Array.from({ length: 17 }, () => 'a') };

async function openStore() {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const store = new WorkedBoard({ redis, prefix });
  return {
    prefix,
    redis,
    store,
    keys: new JobKeys(prefix),
    generate: async (given: { prompts: string[] }) => {
      const request = generateRequest.parse({ model: 'model_1', ...given });
      const [job] = await store.create([{ kind: 'generate', request, promptCount: given.prompts.length }]);
      return job!;
    },
    waiting: (lane: Lane) => redis.zrange(`${prefix}:${lane}:prioritized`, '0', '-1'),
    claim: (id: string, lane: Lane | undefined, lock: string) =>
      store.shards.claim(id, 0, { delivery: 1, token: 'token', worker: 'worker_1', lock, ...(lane && { lane }) }),
  };
}

describe('a small generate job', () => {
  test('a small generate job waits in a lane of its own, and no shard of a big one is before it', async () => {
    const { store, generate, waiting } = await openStore();
    const large = await generate(LARGE);
    const small = await generate(SMALL);
    expect(await waiting('generate')).toEqual([deliveryId(large.id, 1, 0)]);
    expect(await waiting('generate-now')).toEqual([deliveryId(small.id, 1, 0)]);
    expect(small.queuePosition).toBe(0);
    expect((await generate(SMALL)).queuePosition).toBe(1);
    expect((await store.get(large.id))?.queuePosition).toBe(0);
    expect(await store.queueCounts('generate')).toMatchObject({ waiting: 3 });
  });

  test('a small generate job is claimed under the lock that BullMQ has in its lane', async () => {
    const { generate, claim, redis, prefix } = await openStore();
    const { id } = await generate(SMALL);
    await redis.set(`${prefix}:generate-now:${deliveryId(id, 1, 0)}:lock`, 'lock');
    expect(await claim(id, 'generate', 'lock')).toBeUndefined();
    expect(await claim(id, 'generate-now', 'another')).toBeUndefined();
    expect(await claim(id, 'generate-now', 'lock')).toMatchObject({ id, lane: 'generate-now' });
  });

  test('a small generate job leaves its lane when it is cancelled', async () => {
    const { store, generate, waiting } = await openStore();
    await store.cancel((await generate(SMALL)).id);
    expect(await waiting('generate-now')).toEqual([]);
  });

  test('a small generate job has its lost delivery fixed in its lane, and none where it is not lost', async () => {
    const { generate, waiting, redis, prefix } = await openStore();
    const [lost, kept] = [await generate(SMALL), await generate(SMALL)];
    const name = deliveryId(lost.id, 1, 0);
    await redis.zrem(`${prefix}:generate-now:prioritized`, name);
    await redis.del(`${prefix}:generate-now:${name}`);
    const rescuer = new JobRescuer({ redis, prefix });
    expect(await rescuer.releaseLost()).toBe(1);
    expect((await waiting('generate-now')).toSorted()).toEqual([deliveryId(lost.id, 2, 0), deliveryId(kept.id, 1, 0)]);
    await rescuer.stop();
  });
});

test('a record without a lane is of the lane of its kind’s name', async () => {
  const { store, generate, waiting, redis, keys, prefix } = await openStore();
  const { id } = await generate(LARGE);
  await redis.hdel(keys.job(id), 'lane');
  expect(await store.get(id)).toMatchObject({ state: 'queued', queuePosition: 0 });
  const rescuer = new JobRescuer({ redis, prefix });
  expect(await rescuer.releaseLost()).toBe(0);
  await rescuer.stop();
  await store.cancel(id);
  expect(await waiting('generate')).toEqual([]);
});
