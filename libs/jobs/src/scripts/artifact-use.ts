import { LuaScript } from '../redis/lua-script.js';
import { FINAL_STATES } from './enter-state.js';

/** What is written of a deletion that is under way. */
export const DELETING = 'deleting';

/**
 * Marks an artifact as being deleted for `holdsMs`, unless a live job needs it. Whoever is found to have ended, as under an
 * earlier version, needs it no more. `records` is what the key of a record starts with.
 * Returns 'deleting', or 'used' with the id and the state of a job.
 */
export const startDeletion = new LuaScript(
  { keys: ['users', 'deletion'], args: ['records', 'holdsMs'] },
  `${FINAL_STATES}
while true do
  local id = redis.call('SRANDMEMBER', key.users)
  if not id then break end
  local state = redis.call('HGET', arg.records .. id, 'state')
  if state and not isFinal[state] then return { 'used', id, state } end
  redis.call('SREM', key.users, id)
end
redis.call('SET', key.deletion, '${DELETING}', 'PX', arg.holdsMs)
return { 'deleting', '', '' }
`,
);

/** Forgets a deletion, if it is still this one. */
export const forgetDeletion = new LuaScript(
  { keys: ['deletion'], args: ['expected'] },
  `
if redis.call('GET', key.deletion) == arg.expected then redis.call('DEL', key.deletion) end
`,
);

/** Writes down what a live job of an earlier version needs: `artifacts` (JSON), whose sets of users are the other keys. */
export const adopt = new LuaScript(
  { keys: ['record'], args: ['id', 'artifacts'] },
  `${FINAL_STATES}
local state, artifacts = unpack(redis.call('HMGET', key.record, 'state', 'artifacts'))
if not state or artifacts or isFinal[state] then return end
redis.call('HSET', key.record, 'artifacts', arg.artifacts)
for i = moreKeys, #KEYS do redis.call('SADD', KEYS[i], arg.id) end
`,
);
