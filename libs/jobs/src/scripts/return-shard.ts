import { BACK_OFF, LuaScript, SERVER_TIME, TELL } from './lua-script.js';
import { FAIL_SHARDED, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Ends a worker's hold on a shard that it did not finish. One whose attempt failed and may be made again goes to the
 * due set under `<id>.<shard>`. The job is queued again once no worker has a shard of it.
 * KEYS: record, events, open shards, running, queued, failed, due.
 * ARGV: id, shard, token, outcome (failed, retry, handed-back), error (JSON), random number in [0, 1), cap of the stream.
 * Gives the state the job came into, the same again where the connection repeats it, or nothing where the token does
 * not hold the shard.
 */
export const returnShard = new LuaScript(`${SERVER_TIME}${TELL}${TELL_PROGRESS}${FAIL_SHARDED}${SPEND}${BACK_OFF}
local text = redis.call('HGET', KEYS[3], ARGV[2])
local shard = text and cjson.decode(text)
if shard and shard.returnedBy == ARGV[3] then return redis.call('HGET', KEYS[1], 'state') end
if not shard or shard.token ~= ARGV[3] then return false end
local outcome = ARGV[4]
if outcome == 'failed' or outcome == 'retry' then
  if spend(shard, ARGV[5]) or outcome == 'failed' then
    failJob(ARGV[1], KEYS[4], KEYS[6], ARGV[7], ARGV[5])
    return 'failed'
  end
  shard.due = true
  redis.call('ZADD', KEYS[7], now + backOffMs(shard.spent, ARGV[6]), ARGV[1] .. '.' .. ARGV[2])
end
shard.token, shard.live, shard.returnedBy = nil, nil, ARGV[3]
redis.call('HSET', KEYS[3], ARGV[2], cjson.encode(shard))
tellProgress(KEYS[3])

for _, other in ipairs(redis.call('HVALS', KEYS[3])) do
  if cjson.decode(other).token then
    if outcome == 'retry' then
      local said = 'shard ' .. ARGV[2] .. ' is made again: ' .. cjson.decode(ARGV[5]).message
      tell(ARGV[7], cjson.encode({ type = 'log', level = 'warn', message = said }))
    end
    return 'running'
  end
end
redis.call('HSET', KEYS[1], 'state', 'queued')
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[5], 0, ARGV[1])
local why = outcome == 'retry' and ',"error":' .. ARGV[5] or ''
tell(ARGV[7], '{"type":"state","state":"queued"' .. why .. '}')
return 'queued'
`);
