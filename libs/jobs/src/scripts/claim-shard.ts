import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { ENTER } from './enter-state.js';
import { LOST_WORKER_JSON } from './lost-worker.js';
import { FAIL_SHARDED, IS_IN_WORK, SPEND, TELL_PROGRESS } from './shard-progress.js';

/**
 * Hands a shard to a worker under the rules by which `claim` gives a job: the delivery is the shard's newest, BullMQ's
 * lock of it is still the worker's, and a shard that another worker left spends an attempt, the last of which fails the
 * job. No shard is given of a job that was asked to pause; one that was left is then at rest. The first claim of a shard
 * also sets which shards its commit will open: one, or two while the job has fewer open than twice the workers, or none
 * if it has more. So a job grows and shrinks with the workers that exist. An empty `lockValue` is not looked at.
 * Returns the shard's entry (JSON), the same again if the connection repeats it, or nothing.
 */
export const claimShard = new LuaScript(
  {
    keys: [...MOVING_KEYS, 'openShards', 'workers', 'lock'],
    args: ['id', 'shard', 'delivery', 'token', 'worker', 'lockValue'],
    atFullMemory: true,
  },
  `${ENTER}${TELL_PROGRESS}${IS_IN_WORK}${FAIL_SHARDED}${SPEND}
local lost = ${LOST_WORKER_JSON}
local text = redis.call('HGET', key.openShards, arg.shard)
if not text then return false end
local shard = cjson.decode(text)
if shard.delivery ~= tonumber(arg.delivery) then return false end
if shard.token == arg.token then return text end
if arg.lockValue ~= '' and redis.call('GET', key.lock) ~= arg.lockValue then return false end
if shard.due then return false end

local fields = { 'state', 'startedAt', 'shards', 'reserved', 'width', 'done', 'failed', 'tokens', 'requested' }
local record = redis.call('HMGET', key.record, unpack(fields))
local is = {}
for i, field in ipairs(fields) do is[field] = record[i] end
if is.state ~= 'running' and not leads[is.state].running then return false end
local isLeft = shard.token ~= nil
if isLeft and spend(shard, lost) then
  failJob(arg.id, lost)
  return false
end
if is.requested == 'pause' then
  if isLeft then
    shard.token, shard.live = nil, nil
    redis.call('HSET', key.openShards, arg.shard, cjson.encode(shard))
    tellProgress()
    if not isInWork() then enter(arg.id, 'paused', lost) end
  end
  return false
end

if not shard.to then
  local width, wanted = tonumber(is.width), math.max(2, 2 * redis.call('ZCARD', key.workers))
  local opens = width < wanted and 2 or width > wanted and 0 or 1
  shard.from = tonumber(is.reserved)
  shard.to = math.min(shard.from + opens, tonumber(is.shards))
  redis.call('HSET', key.record, 'reserved', shard.to, 'width', width + opens - 1)
end
shard.token, shard.seq, shard.live = arg.token, 0, nil
text = cjson.encode(shard)
redis.call('HSET', key.openShards, arg.shard, text)

redis.call('HSET', key.record, 'worker', arg.worker)
if not is.startedAt then redis.call('HSET', key.record, 'startedAt', now) end
if is.state ~= 'running' then
  redis.call('HSET', key.record, 'runAt', now, 'runEnded', is.done + is.failed, 'runTokens', is.tokens)
  enter(arg.id, 'running', isLeft and lost or nil)
elseif isLeft then
  tell('{"type":"state","state":"running","error":' .. lost .. '}')
end
return text
`,
);
