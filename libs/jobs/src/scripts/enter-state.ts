import { isFinal, JOB_STATES, type JobError, TRANSITIONS } from '@glyphmill/contract';
import { SERVER_TIME, TELL } from './lua-script.js';
import { WAITING_BYTES } from './waiting-bytes.js';

const finals = JOB_STATES.filter(isFinal).map((state) => `${state} = true`);
const table = JOB_STATES.map((from) => `${from} = { ${TRANSITIONS[from].map((to) => `${to} = true`).join(', ')} }`);

/**
 * Lua through which every job changes its state, by the table of transitions. It needs `JobKeys.moving` as the first
 * keys, and gives
 * - `leads[from][to]`: whether a job may go from one state to another;
 * - `isFinal[state]`;
 * - `enter(id, state, why)`: brings the job from the state it is in into another, with its indexes, and tells of it with
 *   the error `why` (JSON) where there is one. A state other than `running` ends every hold on the record, and a final one
 *   its use of artifacts, whose sets of users are of the same slot.
 */
export const ENTER = `${SERVER_TIME}${TELL}${WAITING_BYTES}
local leads = { ${table.join(', ')} }
local isFinal = { ${finals.join(', ')} }
local index = { ${JOB_STATES.map((state, place) => `${state} = KEYS[${place + 3}]`).join(', ')} }

local function enter(id, state, why)
  local from = redis.call('HGET', KEYS[1], 'state')
  if not leads[from][state] then error('a job goes from ' .. from .. ' to ' .. state .. ' by no transition') end
  redis.call('HSET', KEYS[1], 'state', state)
  redis.call('ZREM', index[from], id)
  redis.call('ZADD', index[state], 0, id)
  local bytes = tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0)
  if isWaiting[from] then addWaitingBytes(index[from], -bytes) end
  if isWaiting[state] then addWaitingBytes(index[state], bytes) end
  if state ~= 'running' then redis.call('HDEL', KEYS[1], 'lease', 'seq', 'phase', 'requested') end
  if isFinal[state] then
    redis.call('HSET', KEYS[1], 'finishedAt', now)
    redis.call('ZADD', KEYS[9], now, id)
    local artifacts = redis.call('HGET', KEYS[1], 'artifacts')
    local users = KEYS[1]:sub(1, -#(':job:' .. id) - 1) .. ':users:'
    for _, artifact in ipairs(artifacts and cjson.decode(artifacts) or {}) do
      redis.call('SREM', users .. artifact, id)
    end
  end
  tell('{"type":"state","state":"' .. state .. '"' .. (why and ',"error":' .. why or '') .. '}')
end
`;

/** A value of ours as a Lua expression that is its JSON. */
export function luaJson(value: JobError): string {
  return `[==[${JSON.stringify(value)}]==]`;
}
