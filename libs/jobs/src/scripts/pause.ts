import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { ENTER } from './enter-state.js';
import { IS_IN_WORK } from './shard-progress.js';

/**
 * Pauses a job that no worker has, or asks those that have it, or shards of it, to. Nothing of it waits for a back-off
 * from then on.
 * Returns 'paused' (even if it was asked already), 'missing', 'committing', or the state that forbids it.
 */
export const pause = new LuaScript(
  { keys: [...MOVING_KEYS, 'due', 'openShards'], args: ['id'], atFullMemory: true },
  `${ENTER}${IS_IN_WORK}
local state, phase, lease = unpack(redis.call('HMGET', key.record, 'state', 'phase', 'lease'))
if not state then return 'missing' end
if state == 'paused' then return state end
if not leads[state].paused then return state end
if phase == 'committing' then return phase end

redis.call('ZREM', key.due, arg.id)
local open = redis.call('HGETALL', key.openShards)
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if shard.due then
    shard.due = nil
    redis.call('HSET', key.openShards, open[i], cjson.encode(shard))
    redis.call('ZREM', key.due, arg.id .. '.' .. open[i])
  end
end
if lease or isInWork() then
  redis.call('HSET', key.record, 'requested', 'pause')
else
  enter(arg.id, 'paused')
end
return 'paused'
`,
);
