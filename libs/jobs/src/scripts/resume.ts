import { DELIVER, DELIVERY_VALUES } from './deliver.js';
import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';

/**
 * Queues a paused job, or withdraws the request to pause a running one. What rests meanwhile, the job or its open shards
 * that no worker has, gets its next delivery.
 * KEYS: those of moving, open shards, those of the lanes. ARGV: id, delivery number of the record (empty: it was not
 * paused), how many shards follow, then shard, delivery number, … of the open shards that no worker has, then the next
 * deliveries, all as they were read before.
 * Returns 'resumed' (even when it is running or queued already), 'missing', 'changed' if something else was read, or the
 * state that forbids it.
 */
export const resume = new LuaScript(`${ENTER}${DELIVER}
local state, delivery, requested = unpack(redis.call('HMGET', KEYS[1], 'state', 'delivery', 'requested'))
if not state then return 'missing' end
if state == 'queued' or state == 'running' and not requested then return 'resumed' end
if state ~= 'running' and not leads[state].queued then return state end

local rests = {}
if state == 'paused' and delivery ~= ARGV[2] then return 'changed' end
local deliveries = 4 + 2 * ARGV[3]
for i = 4, deliveries - 1, 2 do rests[ARGV[i]] = tonumber(ARGV[i + 1]) end
local open = redis.call('HGETALL', KEYS[10])
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if shard.token and rests[open[i]] or not shard.token and shard.delivery ~= rests[open[i]] then return 'changed' end
end
for at = deliveries, #ARGV, ${DELIVERY_VALUES} do deliver(at) end
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if not shard.token then
    shard.delivery = shard.delivery + 1
    redis.call('HSET', KEYS[10], open[i], cjson.encode(shard))
  end
end
if state == 'running' then
  redis.call('HDEL', KEYS[1], 'requested')
else
  redis.call('HSET', KEYS[1], 'delivery', delivery + 1)
  enter(ARGV[1], 'queued')
end
return 'resumed'
`);
