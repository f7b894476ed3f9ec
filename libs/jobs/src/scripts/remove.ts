import { MOVING_KEYS } from '../records/job-keys.js';
import { LuaScript } from '../redis/lua-script.js';
import { ENTER } from './enter-state.js';

/**
 * Removes a finished job: its record, its events, the bits of its shards, and its places in all indexes.
 * The other keys are the sorted sets that it is in, and then as many sets of heirs as `heirs` says.
 * Returns 'deleted', 'missing', or the state that forbids it.
 */
export const remove = new LuaScript(
  { keys: [...MOVING_KEYS, 'committedShards'], args: ['id', 'heirs'], atFullMemory: true },
  `${ENTER}
local state = redis.call('HGET', key.record, 'state')
if not state then return 'missing' end
if not isFinal[state] then return state end
redis.call('DEL', key.record, key.events, key.committedShards)
redis.call('ZREM', key['index:' .. state], arg.id)
redis.call('ZREM', key.finished, arg.id)
for i = moreKeys, #KEYS - arg.heirs do redis.call('ZREM', KEYS[i], arg.id) end
for i = #KEYS - arg.heirs + 1, #KEYS do redis.call('SREM', KEYS[i], arg.id) end
return 'deleted'
`,
);
