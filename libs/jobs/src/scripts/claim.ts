import { LuaScript, SERVER_TIME, TELL } from './lua-script.js';

/**
 * Gives the job to a worker, if the record wants to run, the delivery is its newest, and BullMQ's lock of the delivery
 * is still the worker's: one that slept since it took the delivery must not push out the one that has it now.
 * A record that is running already was left by a worker whose delivery BullMQ took back: that spends an attempt, and
 * the last one fails the job; where it was asked to pause, it is paused. A claim that the connection repeats finds its own token, and gives the same again.
 * KEYS: record, events, queued, running, paused, failed, due, BullMQ's lock of the delivery. ARGV: id, delivery number, token,
 * worker, states a job may be claimed in (comma-separated), cap of the stream, error of a lost worker (JSON), value of
 * the lock (empty: not looked at).
 * Gives the record as field, value, …, or nothing.
 */
export const claim = new LuaScript(`${SERVER_TIME}${TELL}
local record = redis.call('HMGET', KEYS[1], 'state', 'delivery', 'lease', 'startedAt', 'spent', 'maxAttempts', 'requested')
local state, delivery, lease, startedAt = record[1], record[2], record[3], record[4]
if not state or delivery ~= ARGV[2] then return false end
if lease == ARGV[3] then return redis.call('HGETALL', KEYS[1]) end
if ARGV[8] ~= '' and redis.call('GET', KEYS[8]) ~= ARGV[8] then return false end
-- A delivery that comes back although its attempt failed must not run before the back-off has passed.
if redis.call('ZSCORE', KEYS[7], ARGV[1]) then return false end

if state == 'running' then
  local spent = tonumber(record[5]) + 1
  redis.call('HSET', KEYS[1], 'spent', spent, 'error', ARGV[7])
  local ended, index
  if spent >= tonumber(record[6]) then
    ended, index = 'failed', KEYS[6]
    redis.call('HSET', KEYS[1], 'finishedAt', now)
  elseif record[7] == 'pause' then
    ended, index = 'paused', KEYS[5]
  end
  if ended then
    redis.call('HSET', KEYS[1], 'state', ended)
    redis.call('HDEL', KEYS[1], 'lease', 'seq', 'phase', 'requested')
    redis.call('ZREM', KEYS[4], ARGV[1])
    redis.call('ZADD', index, 0, ARGV[1])
    tell(ARGV[6], '{"type":"state","state":"' .. ended .. '","error":' .. ARGV[7] .. '}')
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
local why = state == 'running' and ',"error":' .. ARGV[7] or ''
tell(ARGV[6], '{"type":"state","state":"running"' .. why .. '}')
return redis.call('HGETALL', KEYS[1])
`);
