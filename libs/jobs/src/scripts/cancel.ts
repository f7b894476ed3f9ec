import { LuaScript, SERVER_TIME, TELL } from './lua-script.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * Cancels a job at once; a worker that has it, or one of its open shards, finds its token gone. What was committed of a
 * job in shards is its progress.
 * KEYS: record, events, cancelled, due, open shards, then the indexes of the states a job may be cancelled in.
 * ARGV: id, cap of the stream, those states (comma-separated).
 * Gives 'cancelled' (also where it was already), 'missing', 'committing', or the state that forbids it.
 */
export const cancel = new LuaScript(`${SERVER_TIME}${TELL}${TELL_PROGRESS}
local record = redis.call('HMGET', KEYS[1], 'state', 'phase')
local state = record[1]
if not state then return 'missing' end
if state == 'cancelled' then return state end
if not string.find(',' .. ARGV[3] .. ',', ',' .. state .. ',', 1, true) then return state end
if record[2] == 'committing' then return 'committing' end
redis.call('HSET', KEYS[1], 'state', 'cancelled', 'finishedAt', now)
redis.call('HDEL', KEYS[1], 'lease', 'seq', 'requested')
if redis.call('DEL', KEYS[5]) == 1 then tellProgress(KEYS[5]) end
for i = 6, #KEYS do redis.call('ZREM', KEYS[i], ARGV[1]) end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
tell(ARGV[2], '{"type":"state","state":"cancelled"}')
return 'cancelled'
`);
