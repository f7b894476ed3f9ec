import { LOST_WORKER } from '../worker-hold.js';
import { ENTER, luaJson } from './enter-state.js';
import { LuaScript } from './lua-script.js';
import { FAIL_SHARDED, IS_IN_WORK, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Gives a shard to a worker under the rules by which `claim` gives a job: the delivery is the shard's newest, BullMQ's
 * lock of it is still the worker's, and a shard that another worker left spends an attempt, the last of which fails the
 * job. No shard is given of a job that was asked to pause; one that was left is then at rest. The first claim of a shard
 * also sets which shards its commit will open: one, or two while the job has fewer open than twice the workers, or none
 * where it has more. So a job grows and shrinks with the workers that are there.
 * KEYS: those of moving, open shards, workers, BullMQ's lock of the delivery.
 * ARGV: id, shard, delivery number, token, worker, value of the lock (empty: not looked at).
 * Gives the shard's entry (JSON), the same again where the connection repeats it, or nothing.
 */
export const claimShard = new LuaScript(
  `${ENTER}${TELL_PROGRESS}${IS_IN_WORK}${FAIL_SHARDED}${SPEND}
local lost = ${luaJson(LOST_WORKER)}
local text = redis.call('HGET', KEYS[10], ARGV[2])
if not text then return false end
local shard = cjson.decode(text)
if shard.delivery ~= tonumber(ARGV[3]) then return false end
if shard.token == ARGV[4] then return text end
if ARGV[6] ~= '' and redis.call('GET', KEYS[12]) ~= ARGV[6] then return false end
if shard.due then return false end

local fields = { 'state', 'startedAt', 'shards', 'reserved', 'width', 'done', 'failed', 'tokens', 'requested' }
local record = redis.call('HMGET', KEYS[1], unpack(fields))
local is = {}
for i, field in ipairs(fields) do is[field] = record[i] end
if is.state ~= 'running' and not leads[is.state].running then return false end
local isLeft = shard.token ~= nil
if isLeft and spend(shard, lost) then
  failJob(ARGV[1], KEYS[10], lost)
  return false
end
if is.requested == 'pause' then
  if isLeft then
    shard.token, shard.live = nil, nil
    redis.call('HSET', KEYS[10], ARGV[2], cjson.encode(shard))
    tellProgress(KEYS[10])
    if not isInWork(KEYS[10]) then enter(ARGV[1], 'paused', lost) end
  end
  return false
end

if not shard.to then
  local width, wanted = tonumber(is.width), math.max(2, 2 * redis.call('ZCARD', KEYS[11]))
  local opens = width < wanted and 2 or width > wanted and 0 or 1
  shard.from = tonumber(is.reserved)
  shard.to = math.min(shard.from + opens, tonumber(is.shards))
  redis.call('HSET', KEYS[1], 'reserved', shard.to, 'width', width + opens - 1)
end
shard.token, shard.seq, shard.live = ARGV[4], 0, nil
text = cjson.encode(shard)
redis.call('HSET', KEYS[10], ARGV[2], text)

redis.call('HSET', KEYS[1], 'worker', ARGV[5])
if not is.startedAt then redis.call('HSET', KEYS[1], 'startedAt', now) end
if is.state ~= 'running' then
  redis.call('HSET', KEYS[1], 'runAt', now, 'runEnded', is.done + is.failed, 'runTokens', is.tokens)
  enter(ARGV[1], 'running', isLeft and lost or nil)
elseif isLeft then
  tell('{"type":"state","state":"running","error":' .. lost .. '}')
end
return text
`,
  { atFullMemory: true },
);
