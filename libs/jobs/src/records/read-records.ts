import { LuaScript } from '../redis/lua-script.js';

/**
 * Reads some fields of many records, whose names then travel once. The keys are the records, the arguments the fields.
 * Returns the values of each record, in order.
 */
export const readRecords = new LuaScript(
  { keys: [] },
  `
local found = {}
for place, record in ipairs(KEYS) do found[place] = redis.call('HMGET', record, unpack(ARGV)) end
return found
`,
);
