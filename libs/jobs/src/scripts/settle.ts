import { ENTER } from './enter-state.js';
import { BACK_OFF, LuaScript } from './lua-script.js';

/**
 * Ends a worker's hold on a job. A failed attempt that may be made again goes to the due set, with a back-off. Whatever
 * would bring the job back to its queue pauses it where that is asked.
 * KEYS: those of moving, due, jobs of the model that was made (none: not there). ARGV: id, token, outcome (succeeded, failed, retry,
 * handed-back, paused), result or error (JSON), random number in [0, 1).
 * Gives the state the job came into, the same again where the connection repeats it, or nothing where the token does
 * not hold it.
 */
export const settle = new LuaScript(
  `${ENTER}${BACK_OFF}
local fields = { 'lease', 'spent', 'maxAttempts', 'settledBy', 'settledAs', 'requested' }
local lease, spent, maxAttempts, settledBy, settledAs, requested = unpack(redis.call('HMGET', KEYS[1], unpack(fields)))
if settledBy == ARGV[2] then return settledAs end
if lease ~= ARGV[2] then return false end

local outcome, state, why = ARGV[3], requested == 'pause' and 'paused' or 'queued', nil
if outcome == 'succeeded' then
  state = outcome
  redis.call('HSET', KEYS[1], 'result', ARGV[4])
  redis.call('HDEL', KEYS[1], 'error')
  if KEYS[11] then redis.call('ZADD', KEYS[11], 0, ARGV[1]) end
elseif outcome == 'failed' or outcome == 'retry' then
  spent, why = spent + 1, ARGV[4]
  redis.call('HSET', KEYS[1], 'spent', spent, 'error', why)
  if outcome == 'failed' or spent >= tonumber(maxAttempts) then state = 'failed' end
  if state == 'queued' then redis.call('ZADD', KEYS[10], now + backOffMs(spent, ARGV[5]), ARGV[1]) end
end

redis.call('HSET', KEYS[1], 'settledBy', ARGV[2], 'settledAs', state)
enter(ARGV[1], state, why)
return state
`,
  { atFullMemory: true },
);
