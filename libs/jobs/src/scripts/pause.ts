import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';
import { IS_IN_WORK } from './shard-progress.js';

/**
 * Pauses a job that no worker has, or asks those that have it, or shards of it, to. Nothing of it waits for a back-off
 * from then on.
 * KEYS: those of moving, due, open shards. ARGV: id.
 * Gives 'paused' (also where it was asked already), 'missing', 'committing', or the state that forbids it.
 */
export const pause = new LuaScript(
  `${ENTER}${IS_IN_WORK}
local state, phase, lease = unpack(redis.call('HMGET', KEYS[1], 'state', 'phase', 'lease'))
if not state then return 'missing' end
if state == 'paused' then return state end
if not leads[state].paused then return state end
if phase == 'committing' then return phase end

redis.call('ZREM', KEYS[10], ARGV[1])
local open = redis.call('HGETALL', KEYS[11])
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if shard.due then
    shard.due = nil
    redis.call('HSET', KEYS[11], open[i], cjson.encode(shard))
    redis.call('ZREM', KEYS[10], ARGV[1] .. '.' .. open[i])
  end
end
if lease or isInWork(KEYS[11]) then
  redis.call('HSET', KEYS[1], 'requested', 'pause')
else
  enter(ARGV[1], 'paused')
end
return 'paused'
`,
  { atFullMemory: true },
);
