import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { ENTER } from './enter-state.js';
import { LOST_WORKER_JSON } from './lost-worker.js';

/**
 * Hands a job to a worker, if its record wants to run, the delivery is its newest, and BullMQ's lock of the delivery
 * is still the worker's: one that slept since it took the delivery must not push out the one that has it now.
 * A record that is running already was left by a worker whose delivery BullMQ took back: that spends an attempt, and
 * the last one fails the job; if it was asked to pause, it is paused. A claim that the connection repeats finds its
 * own token, and returns the same again. An empty `lockValue` is not looked at.
 * Returns the record as field, value, …, or nothing.
 */
export const claim = new LuaScript(
  {
    keys: [...MOVING_KEYS, 'due', 'lock'],
    args: ['id', 'delivery', 'token', 'worker', 'lockValue'],
    atFullMemory: true,
  },
  `${ENTER}
local fields = { 'state', 'delivery', 'lease', 'startedAt', 'spent', 'maxAttempts', 'requested' }
local state, delivery, lease, startedAt, spent, maxAttempts, requested =
  unpack(redis.call('HMGET', key.record, unpack(fields)))
if not state or delivery ~= arg.delivery then return false end
if lease == arg.token then return redis.call('HGETALL', key.record) end
if arg.lockValue ~= '' and redis.call('GET', key.lock) ~= arg.lockValue then return false end
-- A delivery that comes back although its attempt failed must not run before the back-off has passed.
if redis.call('ZSCORE', key.due, arg.id) then return false end

if state == 'running' then
  local why = ${LOST_WORKER_JSON}
  redis.call('HSET', key.record, 'spent', spent + 1, 'error', why)
  local ended = spent + 1 >= tonumber(maxAttempts) and 'failed' or requested == 'pause' and 'paused'
  if ended then
    enter(arg.id, ended, why)
    return false
  end
  redis.call('HDEL', key.record, 'phase')
  tell('{"type":"state","state":"running","error":' .. why .. '}')
elseif leads[state].running then
  enter(arg.id, 'running')
else
  return false
end

redis.call('HSET', key.record, 'lease', arg.token, 'seq', 0, 'worker', arg.worker)
if not startedAt then redis.call('HSET', key.record, 'startedAt', now) end
return redis.call('HGETALL', key.record)
`,
);
