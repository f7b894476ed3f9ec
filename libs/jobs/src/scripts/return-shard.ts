import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { BACK_OFF } from './back-off.js';
import { ENTER } from './enter-state.js';
import { FAIL_SHARDED, IS_IN_WORK, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Ends a worker's hold on a shard that it did not finish. `outcome` is failed, retry, handed-back or paused, `error` is
 * JSON, `random` is in [0, 1). A shard whose attempt failed and may be retried goes to the due set under `<id>.<shard>`,
 * unless its job was asked to pause. The job is queued again, or paused if that is asked, once no worker has a shard of it.
 * Returns the state the job came into, the same again if the connection repeats it, or nothing if the token does
 * not hold the shard. Of the outcome `paused` it returns `paused`, even while other workers have shards of the job, or
 * `queued` if the pause was withdrawn.
 */
export const returnShard = new LuaScript(
  {
    keys: [...MOVING_KEYS, 'openShards', 'due'],
    args: ['id', 'shard', 'token', 'outcome', 'error', 'random'],
    atFullMemory: true,
  },
  `${ENTER}${TELL_PROGRESS}${IS_IN_WORK}${FAIL_SHARDED}${SPEND}${BACK_OFF}
local function answer()
  local state, requested = unpack(redis.call('HMGET', key.record, 'state', 'requested'))
  if arg.outcome ~= 'paused' then return state end
  return (state == 'paused' or requested == 'pause') and 'paused' or 'queued'
end

local text = redis.call('HGET', key.openShards, arg.shard)
local shard = text and cjson.decode(text)
if shard and shard.returnedBy == arg.token then return answer() end
if not shard or shard.token ~= arg.token then return false end
local isAsked = redis.call('HGET', key.record, 'requested') == 'pause'
if arg.outcome == 'failed' or arg.outcome == 'retry' then
  if spend(shard, arg.error) or arg.outcome == 'failed' then
    failJob(arg.id, arg.error)
    return 'failed'
  end
  if not isAsked then
    shard.due = true
    redis.call('ZADD', key.due, now + backOffMs(shard.spent, arg.random), arg.id .. '.' .. arg.shard)
  end
end
shard.token, shard.live, shard.returnedBy = nil, nil, arg.token
redis.call('HSET', key.openShards, arg.shard, cjson.encode(shard))
tellProgress()

if not isInWork() then
  enter(arg.id, isAsked and 'paused' or 'queued', arg.outcome == 'retry' and arg.error or nil)
elseif arg.outcome == 'retry' then
  local said = 'shard ' .. arg.shard .. ' is retried: ' .. cjson.decode(arg.error).message
  tell(cjson.encode({ type = 'log', level = 'warn', message = said }))
end
return answer()
`,
);
