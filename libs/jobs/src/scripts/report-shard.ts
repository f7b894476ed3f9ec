import { LuaScript } from '../redis/lua-script.js';
import { SERVER_TIME, TELL_ALL } from './events.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * The heartbeat of a worker that has a shard: how far the shard is (JSON, or empty), and events (JSON, the other
 * arguments), written once a sequence number. Returns whether the token still holds the shard, and what is asked of the
 * worker.
 */
export const reportShard = new LuaScript(
  {
    keys: ['record', 'events', 'openShards'],
    args: ['shard', 'token', 'sequence', 'progress'],
    atFullMemory: true,
  },
  `${SERVER_TIME}${TELL_ALL}${TELL_PROGRESS}
local text = redis.call('HGET', key.openShards, arg.shard)
local shard = text and cjson.decode(text)
if not shard or shard.token ~= arg.token then return { 0, '' } end
if tonumber(arg.sequence) > shard.seq then
  shard.seq = tonumber(arg.sequence)
  if arg.progress ~= '' then shard.live = cjson.decode(arg.progress) end
  redis.call('HSET', key.openShards, arg.shard, cjson.encode(shard))
  tellProgress()
  tellAll(moreArgs)
end
return { 1, redis.call('HGET', key.record, 'requested') or '' }
`,
);
