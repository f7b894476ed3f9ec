import { LuaScript, SERVER_TIME } from './lua-script.js';

/**
 * Writes a new record and its places in the indexes; where the connection repeats it, it writes nothing.
 * KEYS: record, all jobs, jobs of the kind that are queued. ARGV: id, then field, value, …
 */
export const create = new LuaScript(`${SERVER_TIME}
if redis.call('EXISTS', KEYS[1]) == 1 then return end
redis.call('HSET', KEYS[1], 'createdAt', now, unpack(ARGV, 2))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
`);
