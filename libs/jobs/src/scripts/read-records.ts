import { LuaScript } from './lua-script.js';

/**
 * Reads some fields of many records, whose names then travel once.
 * KEYS: records. ARGV: fields. Gives the values of each record, in order.
 */
export const readRecords = new LuaScript(`
local found = {}
for place, key in ipairs(KEYS) do found[place] = redis.call('HMGET', key, unpack(ARGV)) end
return found
`);
