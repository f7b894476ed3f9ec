import { LuaScript, SERVER_TIME } from './lua-script.js';

/**
 * Writes a new record, its places in the indexes, and the first entries of its table of open shards (none for a job
 * that is one piece); where the connection repeats it, it writes nothing.
 * KEYS: record, all jobs, jobs of the kind that are queued, open shards. ARGV: id, how many shards are open, the entry
 * of each (JSON), then field, value, …
 */
export const create = new LuaScript(`${SERVER_TIME}
if redis.call('EXISTS', KEYS[1]) == 1 then return end
for shard = 0, tonumber(ARGV[2]) - 1 do redis.call('HSET', KEYS[4], shard, ARGV[3]) end
redis.call('HSET', KEYS[1], 'createdAt', now, unpack(ARGV, 4))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
`);
