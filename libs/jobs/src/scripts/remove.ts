import { ENTER } from './enter-state.js';
import { LuaScript } from './lua-script.js';

/**
 * Removes a finished job: its record, what was told of it, the bits of its shards, and its places in all indexes.
 * KEYS: those of moving, bits of the committed shards, then the sorted sets and the sets of heirs that it is in.
 * ARGV: id, how many of the last keys are sets of heirs.
 * Gives 'deleted', 'missing', or the state that forbids it.
 */
export const remove = new LuaScript(
  `${ENTER}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'missing' end
if not isFinal[state] then return state end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[10])
redis.call('ZREM', index[state], ARGV[1])
redis.call('ZREM', KEYS[9], ARGV[1])
for i = 11, #KEYS - ARGV[2] do redis.call('ZREM', KEYS[i], ARGV[1]) end
for i = #KEYS - ARGV[2] + 1, #KEYS do redis.call('SREM', KEYS[i], ARGV[1]) end
return 'deleted'
`,
  { atFullMemory: true },
);
