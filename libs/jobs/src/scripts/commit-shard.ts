import { LuaScript, SERVER_TIME, TELL } from './lua-script.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * Commits a shard whose output is written: sets its bit, adds its counts, and opens the shards that its claim reserved
 * for it, whose tickets are added in the same transaction. The last bit makes the job succeed.
 * KEYS: record, events, open shards, bits of the committed ones, running, succeeded.
 * ARGV: id, shard, token, done, failed, tokens, entry of a shard that opens (JSON), where the job's output is, cap of
 * the stream.
 * Gives the state the job is in, the same again where the connection repeats it, or nothing where the token does not
 * hold the shard.
 */
export const commitShard = new LuaScript(`${SERVER_TIME}${TELL}${TELL_PROGRESS}
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 then return redis.call('HGET', KEYS[1], 'state') end
local text = redis.call('HGET', KEYS[3], ARGV[2])
local shard = text and cjson.decode(text)
if not shard or shard.token ~= ARGV[3] then return false end

redis.call('SETBIT', KEYS[4], ARGV[2], 1)
redis.call('HDEL', KEYS[3], ARGV[2])
for opened = shard.from, shard.to - 1 do redis.call('HSET', KEYS[3], opened, ARGV[7]) end
local counts = {
  done = redis.call('HINCRBY', KEYS[1], 'done', ARGV[4]),
  failed = redis.call('HINCRBY', KEYS[1], 'failed', ARGV[5]),
  tokens = redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[6]),
}
tellProgress(KEYS[3])
if redis.call('BITCOUNT', KEYS[4]) < tonumber(redis.call('HGET', KEYS[1], 'shards')) then return 'running' end

redis.call('HSET', KEYS[1], 'state', 'succeeded', 'finishedAt', now)
redis.call('HSET', KEYS[1], 'result', cjson.encode({ output = ARGV[8], counts = counts }))
redis.call('HDEL', KEYS[1], 'error', 'requested')
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('ZADD', KEYS[6], 0, ARGV[1])
tell(ARGV[9], '{"type":"state","state":"succeeded"}')
return 'succeeded'
`);
