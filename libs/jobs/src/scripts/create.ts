import { DELIVERY_VALUES, LANE_KEYS } from '../deliveries/delivery-queue.js';
import { FIRST_ENTRY } from '../records/shard-entry.js';
import { LuaScript } from '../redis/lua-script.js';
import { DELIVER } from './deliver.js';
import { SERVER_TIME } from './events.js';
import { WAITING_BYTES } from './waiting-bytes.js';

/** What the script is to create. Every key is of the slot of the script's own keys. */
export interface Creation {
  /** The keys of the indexes of jobs that wait. */
  waiting: string[];
  /** How many jobs may wait, and how many bytes their requests may take. */
  maxJobs: number;
  maxBytes: number;
  /** How many bytes the requests of these jobs take. */
  bytes: number;
  /** The hash of a request with an idempotency key, and how long its answer is remembered. */
  request?: { hash: string; rememberMs: number } | undefined;
  jobs: NewJob[];
}

export interface NewJob {
  id: string;
  /** Of the record: field, value, …. */
  fields: string[];
  bytes: number;
  /** In milliseconds. */
  deadline?: number | undefined;
  /** How many shards are open; 0 for a job that is one piece. */
  open: number;
  /** How many of the deliveries are its own. */
  deliveries: number;
  keys: {
    record: string;
    openShards: string;
    /** The index of its kind's queued jobs. */
    queued: string;
    /** The other indexes that it is in. */
    indexes: string[];
    /** The job that it continues, which must exist. */
    sources: string[];
    /** The sets of heirs that it is in. */
    heirs: string[];
    /** Of each artifact that it needs: the set of users, and the deletion. */
    users: string[];
    deletions: string[];
  };
}

/**
 * Writes new jobs, all or none: each a record with its places in the indexes, the first entries of its table of open
 * shards (none for a job that is one piece), and its first deliveries, which are the other arguments. Deliveries come first,
 * as one without a record ends at its claim, and what was written of the records is taken back if Redis refuses in the
 * middle, as it does if a key is of another type or closed to this user. If the connection repeats the script, it writes
 * nothing. `creation` is a {@link Creation} (JSON).
 * Returns what became of it, and a value: 'created' and the time; 'full' and how many wait; 'heavy' and how many bytes those
 * take; 'answered' and what is known of the key (JSON); 'overdue' or 'no-source' and the place of the job, from 0;
 * 'no-artifact' and that place and the artifact's among those of the job, as in '3:1'.
 */
export const create = new LuaScript(
  { keys: ['all', 'deadlines', 'answer', ...LANE_KEYS], args: ['creation'] },
  `${SERVER_TIME}${WAITING_BYTES}${DELIVER}
local creation = cjson.decode(arg.creation)
local jobs, request = creation.jobs, creation.request
local createdAt = redis.call('HGET', jobs[1].keys.record, 'createdAt')
if createdAt then return { 'created', createdAt } end

if request then
  local answer = redis.call('GET', key.answer)
  if answer then return { 'answered', answer } end
end
local waiting, bytes = 0, 0
for _, index in ipairs(creation.waiting) do waiting = waiting + redis.call('ZCARD', index) end
for _, index in ipairs(creation.waiting) do
  -- Whatever was counted wrongly, as by an older version, is fixed when nothing waits.
  if waiting == 0 then redis.call('DEL', index .. ':bytes') end
  bytes = bytes + tonumber(redis.call('GET', index .. ':bytes') or 0)
end
if waiting + #jobs > creation.maxJobs then return { 'full', tostring(waiting) } end
if waiting > 0 and bytes + creation.bytes > creation.maxBytes then return { 'heavy', string.format('%.0f', bytes) } end
for place, job in ipairs(jobs) do
  if job.deadline and job.deadline <= now then return { 'overdue', tostring(place - 1) } end
  for _, source in ipairs(job.keys.sources) do
    if redis.call('EXISTS', source) == 0 then return { 'no-source', tostring(place - 1) } end
  end
  for artifact, deletion in ipairs(job.keys.deletions) do
    if redis.call('EXISTS', deletion) == 1 then
      return { 'no-artifact', string.format('%d:%d', place - 1, artifact - 1) }
    end
  end
end

local at = moreArgs
local function write(job)
  local id, keys = job.id, job.keys
  for _ = 1, job.deliveries do
    deliver(at)
    at = at + ${DELIVERY_VALUES}
  end
  redis.call('HSET', keys.record, 'createdAt', now, unpack(job.fields))
  for shard = 0, job.open - 1 do redis.call('HSET', keys.openShards, shard, '${FIRST_ENTRY}') end
  for _, heirs in ipairs(keys.heirs) do redis.call('SADD', heirs, id) end
  redis.call('ZADD', key.all, 0, id)
  addWaitingBytes(keys.queued, job.bytes)
  job.isCounted = true
  redis.call('ZADD', keys.queued, 0, id)
  for _, index in ipairs(keys.indexes) do redis.call('ZADD', index, 0, id) end
  for _, users in ipairs(keys.users) do redis.call('SADD', users, id) end
  if job.deadline then redis.call('ZADD', key.deadlines, string.format('%.0f', job.deadline), id) end
end
local function takeBack(job)
  local id, keys = job.id, job.keys
  if job.isCounted then pcall(addWaitingBytes, keys.queued, -job.bytes) end
  redis.pcall('DEL', keys.record, keys.openShards)
  for _, heirs in ipairs(keys.heirs) do redis.pcall('SREM', heirs, id) end
  redis.pcall('ZREM', key.all, id)
  redis.pcall('ZREM', keys.queued, id)
  for _, index in ipairs(keys.indexes) do redis.pcall('ZREM', index, id) end
  for _, users in ipairs(keys.users) do redis.pcall('SREM', users, id) end
  redis.pcall('ZREM', key.deadlines, id)
end
local isWritten, refusal = pcall(function()
  local ids = {}
  for place, job in ipairs(jobs) do
    write(job)
    ids[place] = job.id
  end
  if request then
    local answer = cjson.encode({ hash = request.hash, ids = ids })
    redis.call('SET', key.answer, answer, 'PX', request.rememberMs)
  end
end)
if not isWritten then
  for _, job in ipairs(jobs) do takeBack(job) end
  return type(refusal) == 'table' and refusal or redis.error_reply(tostring(refusal))
end
return { 'created', string.format('%.0f', now) }
`,
);
