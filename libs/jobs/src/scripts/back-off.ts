/**
 * Lua that returns how long a failed attempt waits, in milliseconds: from one second, doubled with each attempt spent, to
 * a minute, of which a random half is left out, so that jobs that failed together do not come back together.
 */
export const BACK_OFF = `
local function backOffMs(spent, random)
  return math.floor(math.min(60000, 1000 * 2 ^ (spent - 1)) * (1 - random / 2))
end
`;
