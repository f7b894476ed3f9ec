import { DELIVER, DELIVERY_VALUES } from './deliver.js';
import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';
import { IS_IN_WORK, TELL_PROGRESS } from './shard-progress.js';

/**
 * Commits a shard whose output is written: sets its bit, adds its counts, and opens the shards that its claim reserved
 * for it, with their tickets. The last bit makes the job succeed; one that was asked to
 * pause is paused where no worker has another shard of it.
 * KEYS: those of moving, open shards, bits of the committed ones, those of the lanes.
 * ARGV: id, shard, token, done, failed, tokens, entry of a shard that opens (JSON), where the job's output is, what the
 * shard ran on (JSON, or empty where nobody knows), then the tickets of the shards that open.
 * Gives the state the job is in, the same again where the connection repeats it, or nothing where the token does not
 * hold the shard.
 */
export const commitShard = new LuaScript(
  `${ENTER}${DELIVER}${TELL_PROGRESS}${IS_IN_WORK}
if redis.call('GETBIT', KEYS[11], ARGV[2]) == 1 then return redis.call('HGET', KEYS[1], 'state') end
local text = redis.call('HGET', KEYS[10], ARGV[2])
local shard = text and cjson.decode(text)
if not shard or shard.token ~= ARGV[3] then return false end

for ticket = 10, #ARGV, ${DELIVERY_VALUES} do deliver(ticket) end
redis.call('SETBIT', KEYS[11], ARGV[2], 1)
redis.call('HDEL', KEYS[10], ARGV[2])
for opened = shard.from, shard.to - 1 do redis.call('HSET', KEYS[10], opened, ARGV[7]) end
local counts = {
  done = redis.call('HINCRBY', KEYS[1], 'done', ARGV[4]),
  failed = redis.call('HINCRBY', KEYS[1], 'failed', ARGV[5]),
  tokens = redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[6]),
}
local ranOn = cjson.decode(redis.call('HGET', KEYS[1], 'ranOn') or '[]')
local isKnown = ARGV[9] == ''
for _, runtime in ipairs(ranOn) do isKnown = isKnown or runtime == ARGV[9] end
if not isKnown then
  table.insert(ranOn, ARGV[9])
  redis.call('HSET', KEYS[1], 'ranOn', cjson.encode(ranOn))
end
tellProgress(KEYS[10])
local shards, requested = unpack(redis.call('HMGET', KEYS[1], 'shards', 'requested'))
if redis.call('BITCOUNT', KEYS[11]) == tonumber(shards) then
  local runtimes
  for i, runtime in ipairs(ranOn) do
    runtimes = runtimes or {} -- an empty one would be encoded as an object
    runtimes[i] = cjson.decode(runtime)
  end
  redis.call('HSET', KEYS[1], 'result', cjson.encode({ output = ARGV[8], counts = counts, ranOn = runtimes }))
  redis.call('HDEL', KEYS[1], 'error')
  enter(ARGV[1], 'succeeded')
elseif requested == 'pause' and not isInWork(KEYS[10]) then
  enter(ARGV[1], 'paused')
end
return redis.call('HGET', KEYS[1], 'state')
`,
  { atFullMemory: true },
);
