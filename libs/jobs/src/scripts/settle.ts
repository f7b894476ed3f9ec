import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { BACK_OFF } from './back-off.js';
import { ENTER } from './enter-state.js';

/**
 * Ends a worker's hold on a job. `outcome` is succeeded, failed, retry, handed-back or paused; `value` is the result or
 * the error (JSON); `random` is in [0, 1). The other key, if there is one, is the index of the model that was made. A
 * failed attempt that may be retried goes to the due set, with a back-off. Whatever would bring the job back to its queue
 * pauses it if that is asked.
 * Returns the state the job came into, the same again if the connection repeats it, or nothing if the token does
 * not hold it.
 */
export const settle = new LuaScript(
  { keys: [...MOVING_KEYS, 'due'], args: ['id', 'token', 'outcome', 'value', 'random'], atFullMemory: true },
  `${ENTER}${BACK_OFF}
local fields = { 'lease', 'spent', 'maxAttempts', 'settledBy', 'settledAs', 'requested' }
local lease, spent, maxAttempts, settledBy, settledAs, requested = unpack(redis.call('HMGET', key.record, unpack(fields)))
if settledBy == arg.token then return settledAs end
if lease ~= arg.token then return false end

local state, why = requested == 'pause' and 'paused' or 'queued', nil
if arg.outcome == 'succeeded' then
  state = 'succeeded'
  redis.call('HSET', key.record, 'result', arg.value)
  redis.call('HDEL', key.record, 'error')
  if KEYS[moreKeys] then redis.call('ZADD', KEYS[moreKeys], 0, arg.id) end
elseif arg.outcome == 'failed' or arg.outcome == 'retry' then
  spent, why = spent + 1, arg.value
  redis.call('HSET', key.record, 'spent', spent, 'error', why)
  if arg.outcome == 'failed' or spent >= tonumber(maxAttempts) then state = 'failed' end
  if state == 'queued' then redis.call('ZADD', key.due, now + backOffMs(spent, arg.random), arg.id) end
end

redis.call('HSET', key.record, 'settledBy', arg.token, 'settledAs', state)
enter(arg.id, state, why)
return state
`,
);
