import { ENTER } from './enter-state.js';
import { BACK_OFF, LuaScript } from './lua-script.js';
import { FAIL_SHARDED, IS_IN_WORK, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Ends a worker's hold on a shard that it did not finish. One whose attempt failed and may be made again goes to the
 * due set under `<id>.<shard>`, unless its job was asked to pause. The job is queued again, or paused where that is
 * asked, once no worker has a shard of it.
 * KEYS: those of moving, open shards, due.
 * ARGV: id, shard, token, outcome (failed, retry, handed-back, paused), error (JSON), random number in [0, 1).
 * Gives the state the job came into, the same again where the connection repeats it, or nothing where the token does
 * not hold the shard. Of the outcome `paused` it gives `paused`, also while other workers have shards of the job, or
 * `queued` where the pause was withdrawn.
 */
export const returnShard = new LuaScript(
  `${ENTER}${TELL_PROGRESS}${IS_IN_WORK}${FAIL_SHARDED}${SPEND}${BACK_OFF}
local outcome = ARGV[4]
local function answer()
  local state, requested = unpack(redis.call('HMGET', KEYS[1], 'state', 'requested'))
  if outcome ~= 'paused' then return state end
  return (state == 'paused' or requested == 'pause') and 'paused' or 'queued'
end

local text = redis.call('HGET', KEYS[10], ARGV[2])
local shard = text and cjson.decode(text)
if shard and shard.returnedBy == ARGV[3] then return answer() end
if not shard or shard.token ~= ARGV[3] then return false end
local isAsked = redis.call('HGET', KEYS[1], 'requested') == 'pause'
if outcome == 'failed' or outcome == 'retry' then
  if spend(shard, ARGV[5]) or outcome == 'failed' then
    failJob(ARGV[1], KEYS[10], ARGV[5])
    return 'failed'
  end
  if not isAsked then
    shard.due = true
    redis.call('ZADD', KEYS[11], now + backOffMs(shard.spent, ARGV[6]), ARGV[1] .. '.' .. ARGV[2])
  end
end
shard.token, shard.live, shard.returnedBy = nil, nil, ARGV[3]
redis.call('HSET', KEYS[10], ARGV[2], cjson.encode(shard))
tellProgress(KEYS[10])

if not isInWork(KEYS[10]) then
  enter(ARGV[1], isAsked and 'paused' or 'queued', outcome == 'retry' and ARGV[5] or nil)
elseif outcome == 'retry' then
  local said = 'shard ' .. ARGV[2] .. ' is made again: ' .. cjson.decode(ARGV[5]).message
  tell(cjson.encode({ type = 'log', level = 'warn', message = said }))
end
return answer()
`,
  { atFullMemory: true },
);
