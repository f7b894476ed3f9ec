import { describe, expect, test } from 'vitest';
import { connectRedis } from './redis-connection.js';
import { checkRedisDurability, redisDurability, UnsafeRedisError } from './redis-durability.js';
import { useValkey } from './redis.fixture.js';

const valkey = useValkey();

/** Runs with a setting of Redis, which is as it was afterwards. */
async function withSetting<Result>(name: string, value: string, run: () => Promise<Result>): Promise<Result> {
  const redis = valkey.redis();
  const [, before = ''] = await redis.config('GET', name);
  await redis.config('SET', name, value);
  try {
    return await run();
  } finally {
    await redis.config('SET', name, before);
  }
}

describe('a Redis that drops keys when its memory is full', () => {
  test.each(['allkeys-lru', 'volatile-lru', 'volatile-ttl', 'allkeys-random'])(
    'a Redis that drops keys when its memory is full by %s is refused, naming the setting and the remedy',
    async (policy) => {
      const check = () => checkRedisDurability(valkey.redis());
      const refusal = withSetting('maxmemory-policy', policy, check);
      await expect(refusal).rejects.toThrow(UnsafeRedisError);
      await expect(refusal).rejects.toThrow(`maxmemory-policy of this Redis is "${policy}"`);
      await expect(refusal).rejects.toThrow('Set "maxmemory-policy noeviction"');
    },
  );

  test('a Redis that drops keys when its memory is full is not one that refuses writes then', async () => {
    await expect(checkRedisDurability(valkey.redis())).resolves.toBeDefined();
  });
});

describe('a Redis', () => {
  test('a Redis without persistence is warned of, with what to set', async () => {
    expect(await redisDurability(valkey.redis())).toEqual({ evictionPolicy: 'noeviction', persistence: 'none' });
    expect(await checkRedisDurability(valkey.redis())).toEqual([expect.stringContaining('"appendonly yes"')]);
  });

  test('a Redis with snapshots alone is warned of', async () => {
    const durability = () => redisDurability(valkey.redis());
    expect(await withSetting('save', '3600 1', durability)).toMatchObject({ persistence: 'rdb' });
    const check = () => checkRedisDurability(valkey.redis());
    expect(await withSetting('save', '3600 1', check)).toEqual([expect.stringContaining('snapshots alone')]);
  });

  test('a Redis that appends each write to a file needs no warning', async () => {
    expect(await withSetting('appendonly', 'yes', () => checkRedisDurability(valkey.redis()))).toEqual([]);
  });

  test('a Redis that does not let its settings be read is taken as it is', async () => {
    const redis = valkey.redis();
    await redis.call('ACL', 'SETUSER', 'guest', 'on', '>secret', '~*', '&*', '+@all', '-config');
    const url = new URL(valkey.url());
    url.username = 'guest';
    url.password = 'secret';
    const guest = connectRedis(url.href, 'worker', () => undefined);
    expect(await redisDurability(guest)).toEqual({ evictionPolicy: 'noeviction', persistence: 'unknown' });
    expect(await checkRedisDurability(guest)).toEqual([]);
    guest.disconnect();
  });
});
