import { LuaScript, SERVER_TIME, TELL } from './lua-script.js';
import { FAIL_SHARDED, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Gives a shard to a worker under the rules by which `claim` gives a job: the delivery is the shard's newest, BullMQ's
 * lock of it is still the worker's, and a shard that another worker left spends an attempt, the last of which fails the
 * job. The first claim of a shard also sets which shards its commit will open: one, or two while the job has fewer
 * open than twice the workers, or none where it has more. So a job grows and shrinks with the workers that are there.
 * KEYS: record, events, open shards, queued, running, failed, workers, BullMQ's lock of the delivery.
 * ARGV: id, shard, delivery number, token, worker, states a job may be claimed in (comma-separated), cap of the stream,
 * error of a lost worker (JSON), value of the lock (empty: not looked at).
 * Gives the shard's entry (JSON), the same again where the connection repeats it, or nothing.
 */
export const claimShard = new LuaScript(`${SERVER_TIME}${TELL}${TELL_PROGRESS}${FAIL_SHARDED}${SPEND}
local text = redis.call('HGET', KEYS[3], ARGV[2])
if not text then return false end
local shard = cjson.decode(text)
if shard.delivery ~= tonumber(ARGV[3]) then return false end
if shard.token == ARGV[4] then return text end
if ARGV[9] ~= '' and redis.call('GET', KEYS[8]) ~= ARGV[9] then return false end
if shard.due then return false end

local record = redis.call('HMGET', KEYS[1], 'state', 'startedAt', 'shards', 'reserved', 'width', 'done', 'failed', 'tokens')
local state = record[1]
if state ~= 'running' and not string.find(',' .. ARGV[6] .. ',', ',' .. state .. ',', 1, true) then return false end
local isLeft = shard.token ~= nil
if isLeft and spend(shard, ARGV[8]) then
  failJob(ARGV[1], KEYS[5], KEYS[6], ARGV[7], ARGV[8])
  return false
end

if not shard.to then
  local width, wanted = tonumber(record[5]), math.max(2, 2 * redis.call('ZCARD', KEYS[7]))
  local opens = width < wanted and 2 or width > wanted and 0 or 1
  shard.from = tonumber(record[4])
  shard.to = math.min(shard.from + opens, tonumber(record[3]))
  redis.call('HSET', KEYS[1], 'reserved', shard.to, 'width', width + opens - 1)
end
shard.token, shard.seq, shard.live = ARGV[4], 0, nil
text = cjson.encode(shard)
redis.call('HSET', KEYS[3], ARGV[2], text)

redis.call('HSET', KEYS[1], 'worker', ARGV[5])
if not record[2] then redis.call('HSET', KEYS[1], 'startedAt', now) end
if state ~= 'running' then
  redis.call('HSET', KEYS[1], 'state', 'running', 'runAt', now)
  redis.call('HSET', KEYS[1], 'runEnded', record[6] + record[7], 'runTokens', record[8])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('ZADD', KEYS[5], 0, ARGV[1])
end
if state ~= 'running' or isLeft then
  local why = isLeft and ',"error":' .. ARGV[8] or ''
  tell(ARGV[7], '{"type":"state","state":"running"' .. why .. '}')
end
return text
`);
