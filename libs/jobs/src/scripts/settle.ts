import { BACK_OFF, LuaScript, SERVER_TIME, TELL } from './lua-script.js';

/**
 * Ends a worker's hold on a job. A failed attempt that may be made again goes to the due set, with a back-off. Whatever
 * would bring the job back to its queue pauses it where that is asked.
 * KEYS: record, events, running, queued, paused, succeeded, failed, due.
 * ARGV: id, token, outcome (succeeded, failed, retry, handed-back, paused), result or error (JSON), random number in
 * [0, 1), cap of the stream.
 * Gives the state the job came into, the same again where the connection repeats it, or nothing where the token does
 * not hold it.
 */
export const settle = new LuaScript(`${SERVER_TIME}${TELL}${BACK_OFF}
local record = redis.call('HMGET', KEYS[1], 'lease', 'spent', 'maxAttempts', 'settledBy', 'settledAs', 'requested')
if record[4] == ARGV[2] then return record[5] end
if record[1] ~= ARGV[2] then return false end
local outcome = ARGV[3]
local why = ''
local state, index = 'queued', KEYS[4]
if record[6] == 'pause' then state, index = 'paused', KEYS[5] end

if outcome == 'succeeded' then
  redis.call('HSET', KEYS[1], 'result', ARGV[4])
  redis.call('HDEL', KEYS[1], 'error')
elseif outcome == 'failed' or outcome == 'retry' then
  local spent = tonumber(record[2]) + 1
  redis.call('HSET', KEYS[1], 'spent', spent, 'error', ARGV[4])
  why = ',"error":' .. ARGV[4]
  if spent >= tonumber(record[3]) then outcome = 'failed' end
  if outcome == 'retry' and state == 'queued' then
    redis.call('ZADD', KEYS[8], now + backOffMs(spent, ARGV[5]), ARGV[1])
  end
end

if outcome == 'succeeded' then state, index = 'succeeded', KEYS[6] end
if outcome == 'failed' then state, index = 'failed', KEYS[7] end
redis.call('HSET', KEYS[1], 'state', state, 'settledBy', ARGV[2], 'settledAs', state)
redis.call('HDEL', KEYS[1], 'lease', 'seq', 'phase', 'requested')
if outcome == 'succeeded' or outcome == 'failed' then redis.call('HSET', KEYS[1], 'finishedAt', now) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', index, 0, ARGV[1])
tell(ARGV[6], '{"type":"state","state":"' .. state .. '"' .. why .. '}')
return state
`);
