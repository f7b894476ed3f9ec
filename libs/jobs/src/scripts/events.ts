import { STREAM_CAP } from '../records/job-events.js';

/** Lua that scripts start with: the server's time in milliseconds. No other clock is ever asked. */
export const SERVER_TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Lua that writes an event (JSON) of a job, whose record and events are the keys `record` and `events`; needs SERVER_TIME.
 * The first entry of a stream always comes after `<createdAtMs>-0`, which stands for `queued`, even when the server's clock
 * was set back.
 */
export const TELL = `
local function tell(event)
  local id = '*'
  if redis.call('EXISTS', key.events) == 0 then
    local createdAt = tonumber(redis.call('HGET', key.record, 'createdAt'))
    if now <= createdAt then id = string.format('%.0f-1', createdAt) end
  end
  redis.call('XADD', key.events, 'MAXLEN', '~', ${STREAM_CAP}, id, 'event', event)
end
`;

/** Lua that writes what a worker reports: the events that begin at a place of the arguments. */
export const TELL_ALL = `
local function tellAll(from)
  for i = from, #ARGV do redis.call('XADD', key.events, 'MAXLEN', '~', ${STREAM_CAP}, '*', 'event', ARGV[i]) end
end
`;
