import { LuaScript } from '../redis/lua-script.js';
import { TELL_ALL } from './events.js';

/**
 * A worker's heartbeat: progress (JSON, or empty) and events (JSON, the other arguments), written once a sequence number
 * however often the connection repeats it. Returns whether the token still holds the job, and what is asked of the worker.
 */
export const report = new LuaScript(
  { keys: ['record', 'events'], args: ['token', 'sequence', 'progress'], atFullMemory: true },
  `${TELL_ALL}
local lease, sequence, requested = unpack(redis.call('HMGET', key.record, 'lease', 'seq', 'requested'))
if lease ~= arg.token then return { 0, '' } end
if tonumber(arg.sequence) > tonumber(sequence) then
  redis.call('HSET', key.record, 'seq', arg.sequence)
  if arg.progress ~= '' then redis.call('HSET', key.record, 'progress', arg.progress) end
  tellAll(moreArgs)
end
return { 1, requested or '' }
`,
);

/**
 * Marks that what the job made is about to be published; from here on it cannot be cancelled. Returns 1 if the token holds
 * the job.
 */
export const startCommitting = new LuaScript(
  { keys: ['record'], args: ['token'], atFullMemory: true },
  `
if redis.call('HGET', key.record, 'lease') ~= arg.token then return 0 end
redis.call('HSET', key.record, 'phase', 'committing')
return 1
`,
);
