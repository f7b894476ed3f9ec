import { LuaScript, SERVER_TIME } from './lua-script.js';

/**
 * Says that a worker is there, for a while, and takes those off the list that have said nothing for as long.
 * KEYS: what the worker says of itself, all workers by when they were seen. ARGV: id, what it says (JSON), how long that
 * holds in milliseconds.
 */
export const announce = new LuaScript(`${SERVER_TIME}
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
`);
