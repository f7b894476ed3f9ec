import { LuaScript, SERVER_TIME, TELL } from './lua-script.js';

/**
 * Makes a checkpoint the newest that the record points to, and tells of it. A checkpoint of the same or a later step
 * that is there already was not gone on from, so it could not be read: it falls out first. Passing the furthest
 * checkpointed step gives all attempts back, so that rare crashes do not add up to fail a long, healthy job.
 * KEYS: record, events. ARGV: token, key, step, how many are kept.
 * Gives the checkpoints that the record points to now (JSON, newest first), the same again where the connection
 * repeats it, or nothing where the token does not hold the job.
 */
export const saveCheckpoint = new LuaScript(
  `${SERVER_TIME}${TELL}
local record = redis.call('HMGET', KEYS[1], 'lease', 'checkpoints', 'furthestStep')
if record[1] ~= ARGV[1] then return false end
local known = cjson.decode(record[2] or '[]')
if known[1] and known[1].key == ARGV[2] then return record[2] end

local step = tonumber(ARGV[3])
local kept = { { key = ARGV[2], step = step } }
for _, each in ipairs(known) do
  if each.step < step and #kept < tonumber(ARGV[4]) then table.insert(kept, each) end
end
local checkpoints = cjson.encode(kept)
redis.call('HSET', KEYS[1], 'checkpoints', checkpoints)
if step > tonumber(record[3] or 0) then redis.call('HSET', KEYS[1], 'furthestStep', ARGV[3], 'spent', 0) end
tell('{"type":"checkpoint","step":' .. ARGV[3] .. '}')
return checkpoints
`,
  { atFullMemory: true },
);
