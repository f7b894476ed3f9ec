/**
 * Lua that keeps how many bytes the requests of waiting jobs take: beside each index of jobs that wait, whose key it is
 * given, there is a counter under that key and `:bytes` (`JobKeys.waitingBytes`). One that is at zero does not exist.
 */
export const WAITING_BYTES = `
local isWaiting = { queued = true, paused = true }
local function addWaitingBytes(index, bytes)
  if bytes ~= 0 and redis.call('INCRBY', index .. ':bytes', bytes) <= 0 then redis.call('DEL', index .. ':bytes') end
end
`;
