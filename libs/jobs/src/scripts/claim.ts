import { LuaScript, SERVER_TIME } from './lua-script.js';

/**
 * Gives the job to a worker, if the record wants to run and the delivery is its newest. A record that is running
 * already was left by a worker whose delivery BullMQ took back: that spends an attempt, and the last one fails the job.
 * KEYS: record, events, queued, running, failed. ARGV: id, delivery number, token, worker, states a job may be claimed
 * in (comma-separated), cap of the stream, error of a lost worker (JSON).
 * Gives the record as field, value, …, or nothing.
 */
export const claim = new LuaScript(`${SERVER_TIME}
local record = redis.call('HMGET', KEYS[1], 'state', 'delivery', 'createdAt', 'startedAt', 'spent', 'maxAttempts')
local state, delivery, createdAt, startedAt = record[1], record[2], record[3], record[4]
if not state or delivery ~= ARGV[2] then return false end

local function tell(event)
  local id = '*'
  if redis.call('EXISTS', KEYS[2]) == 0 and now == tonumber(createdAt) then id = string.format('%.0f-1', now) end
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], id, 'event', cjson.encode(event))
end

if state == 'running' then
  local spent = tonumber(record[5]) + 1
  redis.call('HSET', KEYS[1], 'spent', spent, 'error', ARGV[7])
  if spent >= tonumber(record[6]) then
    redis.call('HSET', KEYS[1], 'state', 'failed', 'finishedAt', now)
    redis.call('HDEL', KEYS[1], 'lease', 'seq', 'phase', 'requested')
    redis.call('ZREM', KEYS[4], ARGV[1])
    redis.call('ZADD', KEYS[5], 0, ARGV[1])
    tell({ type = 'state', state = 'failed', error = cjson.decode(ARGV[7]) })
    return false
  end
elseif not string.find(',' .. ARGV[5] .. ',', ',' .. state .. ',', 1, true) then
  return false
end

redis.call('HSET', KEYS[1], 'state', 'running', 'lease', ARGV[3], 'seq', 0, 'worker', ARGV[4])
redis.call('HDEL', KEYS[1], 'phase')
if not startedAt then redis.call('HSET', KEYS[1], 'startedAt', now) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], 0, ARGV[1])
tell({ type = 'state', state = 'running' })
return redis.call('HGETALL', KEYS[1])
`);
