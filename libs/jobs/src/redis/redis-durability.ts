import type { Redis } from 'ioredis';
import { z } from 'zod';
import { redisRefusal } from './redis-refusal.js';

/** Redis is set up so that it may drop what the system must keep. */
export class UnsafeRedisError extends Error {
  override readonly name = 'UnsafeRedisError';
  readonly code = 'unsafe_redis';
}

/** What a Redis promises of what it was given. */
export interface RedisDurability {
  /** What it does when its memory is full, as `maxmemory-policy` says. */
  evictionPolicy: string;
  /** How it keeps its data over a restart; `unknown` where it does not let its settings be read. */
  persistence: 'aof' | 'rdb' | 'none' | 'unknown';
}

/** Reads what Redis promises. Throws as the connection does if Redis is away. */
export async function redisDurability(redis: Redis): Promise<RedisDurability> {
  const sections = [await askWhenReady(redis, 'info', 'memory'), await askWhenReady(redis, 'info', 'persistence')];
  const info = z.array(z.string()).parse(sections).join('\n');
  const evictionPolicy = fieldOf(info, 'maxmemory_policy') ?? 'noeviction';
  if (fieldOf(info, 'aof_enabled') === '1') return { evictionPolicy, persistence: 'aof' };
  const save = await readSetting(redis, 'save');
  if (save === undefined) return { evictionPolicy, persistence: 'unknown' };
  return { evictionPolicy, persistence: save === '' ? 'none' : 'rdb' };
}

/**
 * Checks that Redis keeps what it is given. Returns warnings for whoever runs the system, each with what to do; throws
 * {@link UnsafeRedisError} where Redis may drop keys while it runs, for then accepted jobs would vanish without a word.
 */
export async function checkRedisDurability(redis: Redis): Promise<string[]> {
  const { evictionPolicy, persistence } = await redisDurability(redis);
  if (evictionPolicy !== 'noeviction') {
    throw new UnsafeRedisError(
      `The maxmemory-policy of this Redis is "${evictionPolicy}": when its memory is full it drops keys, and with them ` +
        'jobs that were accepted. Set "maxmemory-policy noeviction" (redis.conf, CONFIG SET, or the parameter group of a ' +
        'hosted Redis) and start again.',
    );
  }
  if (persistence === 'none') {
    return [
      'This Redis keeps nothing on a disk (appendonly no, save ""): when it restarts, all jobs are gone. Set ' +
        '"appendonly yes" ("appendfsync always" loses nothing, "everysec" at most the last second), unless that is meant.',
    ];
  }
  if (persistence === 'rdb') {
    return [
      'This Redis keeps its data in snapshots alone (appendonly no): when it crashes, the jobs and progress since the ' +
        'last snapshot are gone. Set "appendonly yes", unless that is meant.',
    ];
  }
  return [];
}

/** Writes and deletes a key as scripts do, each kind of value that jobs are kept in. The first line is new in Redis 7.0. */
const TRIAL = `#!lua
redis.call('SET', KEYS[1], 1, 'PX', 1000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'field', 1)
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], 0, 'member')
redis.call('DEL', KEYS[1])
redis.call('SADD', KEYS[1], 'member')
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[1], '*', 'field', 1)
redis.call('DEL', KEYS[1])
return redis.call('TIME')[1]
`;

/** What only whoever runs Redis can change. */
const LASTING = new Set(['NOPERM', 'NOAUTH', 'WRONGPASS', 'READONLY']);

/**
 * Checks at a start that Redis can be used: it lets its user do what is needed, and keeps what it is given. Returns
 * warnings for whoever runs the system. Throws {@link UnsafeRedisError}, or what Redis answers while it cannot serve.
 */
export async function checkRedis(redis: Redis, prefix: string): Promise<string[]> {
  try {
    return await checkRedisServes(redis, prefix);
  } catch (error) {
    if (error instanceof Error && error.message.includes('compiling script')) {
      const what =
        'This Redis is older than 7.0, whose scripts the job queue needs. Take Redis 7.0 or later, or Valkey.';
      throw new UnsafeRedisError(what, { cause: error });
    }
    const refusal = redisRefusal(error);
    if (!refusal || !LASTING.has(refusal.code)) throw error;
    const answer = error instanceof Error ? error.message : '';
    throw new UnsafeRedisError(`${refusal.message} It answered: ${answer}`, { cause: error });
  }
}

/**
 * Checks that Redis takes what jobs need of it now: a script that writes, under a key of this prefix, and no policy that
 * drops keys. Returns the warnings of {@link checkRedisDurability}. Throws what Redis answers, and
 * {@link UnsafeRedisError}.
 */
export async function checkRedisServes(redis: Redis, prefix: string): Promise<string[]> {
  await askWhenReady(redis, 'eval', TRIAL, '1', `${prefix}:trial`);
  return await checkRedisDurability(redis);
}

/**
 * Asks through a pipeline, which waits until the connection is ready. A command that a server answers while it loads its
 * data is otherwise sent before that, and where the connection breaks then, ioredis forgets it, and it waits for ever.
 */
async function askWhenReady(redis: Redis, ...command: [string, ...string[]]): Promise<unknown> {
  const [answer] = (await redis.pipeline([command]).exec()) ?? [];
  if (answer?.[0]) throw answer[0];
  return answer?.[1];
}

function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'mu').exec(info)?.[1];
}

/** A setting of Redis; `undefined` where it does not tell, as hosted ones often do not. */
async function readSetting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const answer = z.array(z.string()).parse(await askWhenReady(redis, 'config', 'GET', name));
    return answer[1];
  } catch (error) {
    if (error instanceof Error && /^(?:NOPERM|ERR unknown command)/u.test(error.message)) return undefined;
    throw error;
  }
}
