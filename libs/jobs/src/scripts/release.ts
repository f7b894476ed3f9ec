import { LANE_KEYS } from '../deliveries/delivery-queue.js';
import { LuaScript } from '../redis/lua-script.js';
import { DELIVER } from './deliver.js';

/**
 * Gives a job its next delivery (the other arguments), if its newest is still the one that was read, and if it is due for
 * another attempt (`why` is 'due') or BullMQ no longer knows its delivery ('lost').
 * Returns 1 if the job was released.
 */
export const release = new LuaScript(
  { keys: ['record', 'due', 'knownDelivery', ...LANE_KEYS], args: ['id', 'delivery', 'why'] },
  `${DELIVER}
local state, delivery = unpack(redis.call('HMGET', key.record, 'state', 'delivery'))
if state ~= 'queued' and state ~= 'running' then
  redis.call('ZREM', key.due, arg.id)
  return 0
end
local isDue = redis.call('ZSCORE', key.due, arg.id)
local isWanted
if arg.why == 'due' then isWanted = state == 'queued' and isDue
else isWanted = not isDue and redis.call('EXISTS', key.knownDelivery) == 0 end
if delivery ~= arg.delivery or not isWanted then return 0 end

deliver(moreArgs, true)
redis.call('HSET', key.record, 'delivery', delivery + 1)
redis.call('ZREM', key.due, arg.id)
return 1
`,
);

/**
 * Gives an open shard its next ticket, under the same conditions, unless its job is to pause and no worker has the shard.
 * Returns 1 if the shard was released.
 */
export const releaseShard = new LuaScript(
  {
    keys: ['record', 'due', 'knownDelivery', 'openShards', ...LANE_KEYS],
    args: ['id', 'shard', 'delivery', 'why'],
  },
  `${DELIVER}
local name = arg.id .. '.' .. arg.shard
local text = redis.call('HGET', key.openShards, arg.shard)
if not text then
  redis.call('ZREM', key.due, name)
  return 0
end
local shard = cjson.decode(text)
local rests = not shard.token and redis.call('HGET', key.record, 'requested') == 'pause'
local isWanted
if arg.why == 'due' then isWanted = shard.due
else isWanted = not shard.due and redis.call('EXISTS', key.knownDelivery) == 0 end
if shard.delivery ~= tonumber(arg.delivery) or rests or not isWanted then return 0 end

deliver(moreArgs, true)
shard.delivery, shard.due = shard.delivery + 1, nil
redis.call('HSET', key.openShards, arg.shard, cjson.encode(shard))
redis.call('ZREM', key.due, name)
return 1
`,
);
