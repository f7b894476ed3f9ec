import { LuaScript } from '../redis/lua-script.js';

/**
 * What a job and its heirs point to, read in one step: a checkpoint that none of them points to is pointed to by no
 * record from then on, as a new one gets its checkpoints from a record that has them. `records` is what the key of a record
 * starts with. Returns lists of checkpoints (JSON).
 */
export const checkpointsInUse = new LuaScript(
  { keys: ['heirs'], args: ['id', 'records'] },
  `
local ids = redis.call('SMEMBERS', key.heirs)
table.insert(ids, arg.id)
local found = {}
for _, id in ipairs(ids) do
  local checkpoints = redis.call('HGET', arg.records .. id, 'checkpoints')
  if checkpoints then table.insert(found, checkpoints) end
end
return found
`,
);
