import { isFinal, JOB_STATES } from '@glyphmill/contract';
import { LuaScript } from './lua-script.js';

/** What is written of a deletion that is going on. */
export const DELETING = 'deleting';

const finals = JOB_STATES.filter(isFinal).map((state) => `${state} = true`);

/**
 * Marks an artifact as being deleted, unless a live job needs it. Whoever is found to have ended, as under an earlier
 * version, needs it no more.
 * KEYS: ids of the artifact's users, its deletion. ARGV: what the key of a record starts with, how long the mark stays in
 * milliseconds. The keys of the records are of the same slot.
 * Returns 'deleting', or 'used' with the id and the state of a job.
 */
export const startDeletion = new LuaScript(`
local isFinal = { ${finals.join(', ')} }
while true do
  local id = redis.call('SRANDMEMBER', KEYS[1])
  if not id then break end
  local state = redis.call('HGET', ARGV[1] .. id, 'state')
  if state and not isFinal[state] then return { 'used', id, state } end
  redis.call('SREM', KEYS[1], id)
end
redis.call('SET', KEYS[2], '${DELETING}', 'PX', ARGV[2])
return { 'deleting', '', '' }
`);

/** Forgets a deletion. KEYS: the artifact's deletion. ARGV: which one. */
export const forgetDeletion = new LuaScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`);

/**
 * Writes down what a live job of an earlier version needs.
 * KEYS: record, the sets of users of its artifacts. ARGV: id, the artifacts (JSON).
 */
export const adopt = new LuaScript(`
local isFinal = { ${finals.join(', ')} }
local state, artifacts = unpack(redis.call('HMGET', KEYS[1], 'state', 'artifacts'))
if not state or artifacts or isFinal[state] then return end
redis.call('HSET', KEYS[1], 'artifacts', ARGV[2])
for i = 2, #KEYS do redis.call('SADD', KEYS[i], ARGV[1]) end
`);
