import { isFinal, JOB_STATES, TRANSITIONS } from '@glyphmill/contract';
import { SERVER_TIME, TELL } from './events.js';
import { WAITING_BYTES } from './waiting-bytes.js';

const finals = JOB_STATES.filter(isFinal).map((state) => `${state} = true`);
const table = JOB_STATES.map((from) => `${from} = { ${TRANSITIONS[from].map((to) => `${to} = true`).join(', ')} }`);

/** Lua that knows `isFinal[state]`. */
export const FINAL_STATES = `
local isFinal = { ${finals.join(', ')} }
`;

/**
 * Lua through which every job changes its state, by the table of transitions. It needs `MOVING_KEYS`, and has
 * - `leads[from][to]`: whether a job may go from one state to another;
 * - `isFinal[state]`;
 * - `enter(id, state, why)`: brings the job from the state it is in into another, with its indexes, and writes an event with
 *   the error `why` (JSON) if there is one. A state other than `running` ends every hold on the record, and a final one
 *   its use of artifacts, whose sets of users are of the same slot.
 */
export const ENTER = `${SERVER_TIME}${TELL}${WAITING_BYTES}${FINAL_STATES}
local leads = { ${table.join(', ')} }

local function enter(id, state, why)
  local from = redis.call('HGET', key.record, 'state')
  if not leads[from][state] then error('a job goes from ' .. from .. ' to ' .. state .. ' by no transition') end
  local left, entered = key['index:' .. from], key['index:' .. state]
  redis.call('HSET', key.record, 'state', state)
  redis.call('ZREM', left, id)
  redis.call('ZADD', entered, 0, id)
  local bytes = tonumber(redis.call('HGET', key.record, 'bytes') or 0)
  if isWaiting[from] then addWaitingBytes(left, -bytes) end
  if isWaiting[state] then addWaitingBytes(entered, bytes) end
  if state ~= 'running' then redis.call('HDEL', key.record, 'lease', 'seq', 'phase', 'requested') end
  if isFinal[state] then
    redis.call('HSET', key.record, 'finishedAt', now)
    redis.call('ZADD', key.finished, now, id)
    local artifacts = redis.call('HGET', key.record, 'artifacts')
    local users = key.record:sub(1, -#(':job:' .. id) - 1) .. ':users:'
    for _, artifact in ipairs(artifacts and cjson.decode(artifacts) or {}) do
      redis.call('SREM', users .. artifact, id)
    end
  end
  tell('{"type":"state","state":"' .. state .. '"' .. (why and ',"error":' .. why or '') .. '}')
end
`;
