import { STREAM_CAP } from '../job-events.js';
import { LuaScript } from './lua-script.js';

/**
 * A worker's heartbeat: progress and events, written once a sequence number however often the connection repeats it.
 * KEYS: record, events. ARGV: token, sequence number, progress (JSON, or empty), then events (JSON).
 * Gives whether the token still holds the job, and what is asked of the worker.
 */
export const report = new LuaScript(
  `
local record = redis.call('HMGET', KEYS[1], 'lease', 'seq', 'requested')
if record[1] ~= ARGV[1] then return { 0, '' } end
if tonumber(ARGV[2]) > tonumber(record[2]) then
  redis.call('HSET', KEYS[1], 'seq', ARGV[2])
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'progress', ARGV[3]) end
  for i = 4, #ARGV do redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${STREAM_CAP}, '*', 'event', ARGV[i]) end
end
return { 1, record[3] or '' }
`,
  { atFullMemory: true },
);

/**
 * Marks that what the job made is about to be published; from here on it cannot be cancelled.
 * KEYS: record. ARGV: token. Gives 1 where the token holds the job.
 */
export const startCommitting = new LuaScript(
  `
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'phase', 'committing')
return 1
`,
  { atFullMemory: true },
);
