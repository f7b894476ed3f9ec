import { LuaScript } from '../redis/lua-script.js';
import { SERVER_TIME, TELL } from './events.js';

/**
 * Makes a checkpoint the newest that the record points to, and writes an event. A checkpoint of the same or a later step
 * that is there already was not resumed from, so it could not be read: it falls out first. Passing the furthest
 * checkpointed step gives all attempts back, so that rare crashes do not add up to fail a long, healthy job.
 * Returns the checkpoints that the record points to now (JSON, newest first), the same again if the connection
 * repeats it, or nothing if the token does not hold the job.
 */
export const saveCheckpoint = new LuaScript(
  { keys: ['record', 'events'], args: ['token', 'checkpoint', 'step', 'keptCheckpoints'], atFullMemory: true },
  `${SERVER_TIME}${TELL}
local fields = { 'lease', 'checkpoints', 'furthestStep' }
local lease, checkpoints, furthestStep = unpack(redis.call('HMGET', key.record, unpack(fields)))
if lease ~= arg.token then return false end
local known = cjson.decode(checkpoints or '[]')
if known[1] and known[1].key == arg.checkpoint then return checkpoints end

local step = tonumber(arg.step)
local kept = { { key = arg.checkpoint, step = step } }
for _, each in ipairs(known) do
  if each.step < step and #kept < tonumber(arg.keptCheckpoints) then table.insert(kept, each) end
end
checkpoints = cjson.encode(kept)
redis.call('HSET', key.record, 'checkpoints', checkpoints)
if step > tonumber(furthestStep or 0) then redis.call('HSET', key.record, 'furthestStep', arg.step, 'spent', 0) end
tell('{"type":"checkpoint","step":' .. arg.step .. '}')
return checkpoints
`,
);
