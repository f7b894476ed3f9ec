import { DELIVER } from './deliver.js';
import { LuaScript } from './lua-script.js';

/**
 * Gives a job its next delivery, if its newest is still the one that was read, and if it is due for another attempt
 * ('due') or BullMQ no longer knows its delivery ('lost').
 * KEYS: record, due, BullMQ's key of the delivery, those of the lanes. ARGV: id, delivery number, reason, the delivery.
 * Returns 1 if the job was released.
 */
export const release = new LuaScript(`${DELIVER}
local state, delivery = unpack(redis.call('HMGET', KEYS[1], 'state', 'delivery'))
if state ~= 'queued' and state ~= 'running' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
local isDue = redis.call('ZSCORE', KEYS[2], ARGV[1])
local isWanted
if ARGV[3] == 'due' then isWanted = state == 'queued' and isDue
else isWanted = not isDue and redis.call('EXISTS', KEYS[3]) == 0 end
if delivery ~= ARGV[2] or not isWanted then return 0 end

deliver(4, true)
redis.call('HSET', KEYS[1], 'delivery', delivery + 1)
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`);

/**
 * Gives an open shard its next ticket, under the same conditions, unless its job is to pause and no worker has the shard.
 * KEYS: record, due, BullMQ's key of the ticket, open shards, those of the lanes. ARGV: id, shard, delivery number,
 * reason, the ticket. Returns 1 if the shard was released.
 */
export const releaseShard = new LuaScript(`${DELIVER}
local text = redis.call('HGET', KEYS[4], ARGV[2])
if not text then
  redis.call('ZREM', KEYS[2], ARGV[1] .. '.' .. ARGV[2])
  return 0
end
local shard = cjson.decode(text)
local rests = not shard.token and redis.call('HGET', KEYS[1], 'requested') == 'pause'
local isWanted
if ARGV[4] == 'due' then isWanted = shard.due
else isWanted = not shard.due and redis.call('EXISTS', KEYS[3]) == 0 end
if shard.delivery ~= tonumber(ARGV[3]) or rests or not isWanted then return 0 end

deliver(5, true)
shard.delivery, shard.due = shard.delivery + 1, nil
redis.call('HSET', KEYS[4], ARGV[2], cjson.encode(shard))
redis.call('ZREM', KEYS[2], ARGV[1] .. '.' .. ARGV[2])
return 1
`);
