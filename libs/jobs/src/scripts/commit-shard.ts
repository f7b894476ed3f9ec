import { LANE_KEYS } from '../deliveries/delivery-queue.js';
import { MOVING_KEYS } from '../records/job-keys.js';
import { FIRST_ENTRY } from '../records/shard-entry.js';
import { LuaScript } from '../redis/lua-script.js';
import { DELIVER } from './deliver.js';
import { ENTER } from './enter-state.js';
import { IS_IN_WORK, TELL_PROGRESS } from './shard-progress.js';

/**
 * Commits a shard whose output is written: sets its bit, adds its counts, and opens the shards that its claim reserved
 * for it, with their tickets (the other arguments). The last bit makes the job succeed; one that was asked to
 * pause is paused if no worker has another shard of it. `output` is where the job's output is, `runtime` what the shard ran
 * on (JSON, or empty if nobody knows).
 * Returns the state the job is in, the same again if the connection repeats it, or nothing if the token does not
 * hold the shard.
 */
export const commitShard = new LuaScript(
  {
    keys: [...MOVING_KEYS, 'openShards', 'committedShards', ...LANE_KEYS],
    args: ['id', 'shard', 'token', 'done', 'failed', 'tokens', 'output', 'runtime'],
    atFullMemory: true,
  },
  `${ENTER}${DELIVER}${TELL_PROGRESS}${IS_IN_WORK}
if redis.call('GETBIT', key.committedShards, arg.shard) == 1 then return redis.call('HGET', key.record, 'state') end
local text = redis.call('HGET', key.openShards, arg.shard)
local shard = text and cjson.decode(text)
if not shard or shard.token ~= arg.token then return false end

deliverAll(moreArgs)
redis.call('SETBIT', key.committedShards, arg.shard, 1)
redis.call('HDEL', key.openShards, arg.shard)
for opened = shard.from, shard.to - 1 do redis.call('HSET', key.openShards, opened, '${FIRST_ENTRY}') end
local counts = {
  done = redis.call('HINCRBY', key.record, 'done', arg.done),
  failed = redis.call('HINCRBY', key.record, 'failed', arg.failed),
  tokens = redis.call('HINCRBY', key.record, 'tokens', arg.tokens),
}
local ranOn = cjson.decode(redis.call('HGET', key.record, 'ranOn') or '[]')
local isKnown = arg.runtime == ''
for _, runtime in ipairs(ranOn) do isKnown = isKnown or runtime == arg.runtime end
if not isKnown then
  table.insert(ranOn, arg.runtime)
  redis.call('HSET', key.record, 'ranOn', cjson.encode(ranOn))
end
tellProgress()
local shards, requested = unpack(redis.call('HMGET', key.record, 'shards', 'requested'))
if redis.call('BITCOUNT', key.committedShards) == tonumber(shards) then
  local runtimes
  for i, runtime in ipairs(ranOn) do
    runtimes = runtimes or {} -- an empty one would be encoded as an object
    runtimes[i] = cjson.decode(runtime)
  end
  redis.call('HSET', key.record, 'result', cjson.encode({ output = arg.output, counts = counts, ranOn = runtimes }))
  redis.call('HDEL', key.record, 'error')
  enter(arg.id, 'succeeded')
elseif requested == 'pause' and not isInWork() then
  enter(arg.id, 'paused')
end
return redis.call('HGET', key.record, 'state')
`,
);
