import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';
import { TELL_PROGRESS } from './shard-progress.js';

/**
 * Ends a job from outside at once; a worker that has it, or one of its open shards, finds its token gone. What was
 * committed of a job in shards is its progress.
 * KEYS: those of moving, due, open shards. ARGV: id, final state, error (JSON, or empty).
 * Gives the state (also where it was already in it), 'missing', 'committing', or the state that forbids it.
 */
export const end = new LuaScript(
  `${ENTER}${TELL_PROGRESS}
local state, phase = unpack(redis.call('HMGET', KEYS[1], 'state', 'phase'))
if not state then return 'missing' end
if not leads[state][ARGV[2]] then return state end
if phase == 'committing' then return phase end
local why = ARGV[3] ~= '' and ARGV[3] or nil
if why then redis.call('HSET', KEYS[1], 'error', why) end
if redis.call('DEL', KEYS[11]) == 1 then tellProgress(KEYS[11]) end
redis.call('ZREM', KEYS[10], ARGV[1])
enter(ARGV[1], ARGV[2], why)
return ARGV[2]
`,
  { atFullMemory: true },
);
