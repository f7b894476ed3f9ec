import { LuaScript } from './lua-script.js';

/**
 * What a job and its heirs point to, read in one step: a checkpoint that none of them points to is pointed to by no
 * record from then on, as a new one gets its checkpoints from a record that has them.
 * KEYS: heirs of the job. ARGV: id of the job, what the key of a record starts with. The keys of the records are of the
 * same slot. Gives lists of checkpoints (JSON).
 */
export const checkpointsInUse = new LuaScript(`
local ids = redis.call('SMEMBERS', KEYS[1])
table.insert(ids, ARGV[1])
local found = {}
for _, id in ipairs(ids) do
  local checkpoints = redis.call('HGET', ARGV[2] .. id, 'checkpoints')
  if checkpoints then table.insert(found, checkpoints) end
end
return found
`);
