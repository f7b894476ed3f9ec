import { LOST_WORKER } from '../worker-hold.js';
import { ENTER, luaJson } from './enter-state.js';
import { LuaScript } from './lua-script.js';

/**
 * Gives the job to a worker, if the record wants to run, the delivery is its newest, and BullMQ's lock of the delivery
 * is still the worker's: one that slept since it took the delivery must not push out the one that has it now.
 * A record that is running already was left by a worker whose delivery BullMQ took back: that spends an attempt, and
 * the last one fails the job; where it was asked to pause, it is paused. A claim that the connection repeats finds its
 * own token, and gives the same again.
 * KEYS: those of moving, due, BullMQ's lock of the delivery. ARGV: id, delivery number, token, worker, value of the lock
 * (empty: not looked at).
 * Gives the record as field, value, …, or nothing.
 */
export const claim = new LuaScript(
  `${ENTER}
local fields = { 'state', 'delivery', 'lease', 'startedAt', 'spent', 'maxAttempts', 'requested' }
local state, delivery, lease, startedAt, spent, maxAttempts, requested = unpack(redis.call('HMGET', KEYS[1], unpack(fields)))
if not state or delivery ~= ARGV[2] then return false end
if lease == ARGV[3] then return redis.call('HGETALL', KEYS[1]) end
if ARGV[5] ~= '' and redis.call('GET', KEYS[11]) ~= ARGV[5] then return false end
-- A delivery that comes back although its attempt failed must not run before the back-off has passed.
if redis.call('ZSCORE', KEYS[10], ARGV[1]) then return false end

if state == 'running' then
  local why = ${luaJson(LOST_WORKER)}
  redis.call('HSET', KEYS[1], 'spent', spent + 1, 'error', why)
  local ended = spent + 1 >= tonumber(maxAttempts) and 'failed' or requested == 'pause' and 'paused'
  if ended then
    enter(ARGV[1], ended, why)
    return false
  end
  redis.call('HDEL', KEYS[1], 'phase')
  tell('{"type":"state","state":"running","error":' .. why .. '}')
elseif leads[state].running then
  enter(ARGV[1], 'running')
else
  return false
end

redis.call('HSET', KEYS[1], 'lease', ARGV[3], 'seq', 0, 'worker', ARGV[4])
if not startedAt then redis.call('HSET', KEYS[1], 'startedAt', now) end
return redis.call('HGETALL', KEYS[1])
`,
  { atFullMemory: true },
);
