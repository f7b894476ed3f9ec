import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';

/**
 * Queues a paused job, or withdraws the request to pause a running one. What rests meanwhile, the job or its open shards
 * that no worker has, is given its next delivery, which is added in the same transaction.
 * KEYS: those of moving, open shards. ARGV: id, delivery number of the record (empty: it was not paused), then shard,
 * delivery number, … of the open shards that no worker has, all as the transaction was made for.
 * Gives 'resumed' (also where it runs or is queued already), 'missing', 'changed' where the transaction was made for
 * something else, or the state that forbids it.
 */
export const resume = new LuaScript(`${ENTER}
local state, delivery, requested = unpack(redis.call('HMGET', KEYS[1], 'state', 'delivery', 'requested'))
if not state then return 'missing' end
if state == 'queued' or state == 'running' and not requested then return 'resumed' end
if state ~= 'running' and not leads[state].queued then return state end

local rests = {}
if state == 'paused' and delivery ~= ARGV[2] then return 'changed' end
for i = 3, #ARGV, 2 do rests[ARGV[i]] = tonumber(ARGV[i + 1]) end
local open = redis.call('HGETALL', KEYS[10])
for i = 1, #open, 2 do
  local shard = cjson.decode(open[i + 1])
  if shard.token and rests[open[i]] or not shard.token and shard.delivery ~= rests[open[i]] then return 'changed' end
end
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
