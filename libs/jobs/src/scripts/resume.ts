import { LANE_KEYS } from '../deliveries/delivery-queue.js';
import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { DELIVER } from './deliver.js';
import { ENTER } from './enter-state.js';

/**
 * Queues a paused job, or withdraws the request to pause a running one. What rests meanwhile, the job or its open shards
 * that no worker has, gets its next delivery (the other arguments).
 * `delivery` is the number of the paused record's newest delivery (empty: it was not paused), `resting` are the open shards
 * that no worker has, each with that number (JSON), all as they were read before.
 * Returns 'resumed' (even if it is running or queued already), 'missing', 'changed' if something else was read, or the
 * state that forbids it.
 */
export const resume = new LuaScript(
  { keys: [...MOVING_KEYS, 'openShards', ...LANE_KEYS], args: ['id', 'delivery', 'resting'] },
  `${ENTER}${DELIVER}
local state, delivery, requested = unpack(redis.call('HMGET', key.record, 'state', 'delivery', 'requested'))
if not state then return 'missing' end
if state == 'queued' or state == 'running' and not requested then return 'resumed' end
if state ~= 'running' and not leads[state].queued then return state end

local resting = {}
if state == 'paused' and delivery ~= arg.delivery then return 'changed' end
for _, rests in ipairs(cjson.decode(arg.resting)) do resting[tostring(rests.shard)] = rests.delivery end
local open = redis.call('HGETALL', key.openShards)
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if shard.token and resting[open[i]] or not shard.token and shard.delivery ~= resting[open[i]] then return 'changed' end
end
deliverAll(moreArgs)
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if not shard.token then
    shard.delivery = shard.delivery + 1
    redis.call('HSET', key.openShards, open[i], cjson.encode(shard))
  end
end
if state == 'running' then
  redis.call('HDEL', key.record, 'requested')
else
  redis.call('HSET', key.record, 'delivery', delivery + 1)
  enter(arg.id, 'queued')
end
return 'resumed'
`,
);
