import { STREAM_CAP } from '../job-events.js';
import { LuaScript, SERVER_TIME } from './lua-script.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * The heartbeat of a worker that has a shard: how far the shard is, and events, written once a sequence number.
 * KEYS: record, events, open shards.
 * ARGV: shard, token, sequence number, counts (JSON, or empty), then events (JSON).
 * Gives whether the token still holds the shard, and what is asked of the worker.
 */
export const reportShard = new LuaScript(
  `${SERVER_TIME}${TELL_PROGRESS}
local text = redis.call('HGET', KEYS[3], ARGV[1])
local shard = text and cjson.decode(text)
if not shard or shard.token ~= ARGV[2] then return { 0, '' } end
if tonumber(ARGV[3]) > shard.seq then
  shard.seq = tonumber(ARGV[3])
  if ARGV[4] ~= '' then shard.live = cjson.decode(ARGV[4]) end
  redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(shard))
  tellProgress(KEYS[3])
  for i = 5, #ARGV do redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${STREAM_CAP}, '*', 'event', ARGV[i]) end
end
return { 1, redis.call('HGET', KEYS[1], 'requested') or '' }
`,
  { atFullMemory: true },
);
