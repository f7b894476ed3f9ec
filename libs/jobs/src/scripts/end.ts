import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { ENTER } from './enter-state.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * Ends a job from outside at once, with an error (JSON, or empty); a worker that has it, or one of its open shards, finds
 * its token gone. What was committed of a job in shards is its progress.
 * Returns the state (even if it was already in it), 'missing', 'committing', or the state that forbids it.
 */
export const end = new LuaScript(
  { keys: [...MOVING_KEYS, 'due', 'openShards'], args: ['id', 'state', 'error'], atFullMemory: true },
  `${ENTER}${TELL_PROGRESS}
local state, phase = unpack(redis.call('HMGET', key.record, 'state', 'phase'))
if not state then return 'missing' end
if not leads[state][arg.state] then return state end
if phase == 'committing' then return phase end
local why = arg.error ~= '' and arg.error or nil
if why then redis.call('HSET', key.record, 'error', why) end
if redis.call('DEL', key.openShards) == 1 then tellProgress() end
redis.call('ZREM', key.due, arg.id)
enter(arg.id, arg.state, why)
return arg.state
`,
);
