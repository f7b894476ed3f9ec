import { DELIVER, DELIVERY_VALUES } from './deliver.js';
import { LuaScript, SERVER_TIME } from './lua-script.js';
import { WAITING_BYTES } from './waiting-bytes.js';

/**
 * Writes new jobs, all or none: each a record with its places in the indexes, the first entries of its table of open
 * shards (none for a job that is one piece), and its first deliveries. Deliveries come first, as one without a record
 * ends at its claim, and what was written of the records is taken back when Redis refuses in the middle, as it does where
 * a key is of another type or closed to this user. Where the connection repeats the script, it writes nothing.
 * KEYS: all jobs, deadlines, answer to the idempotency key, then as many indexes as are said of jobs that wait; then for
 * each record: record, open shards, and as many as are said of: sources that must be there, sets of heirs, indexes, sets
 * of users of artifacts, deletions of those; then those of the lanes.
 * ARGV: how many indexes of waiting jobs there are, what may wait (JSON: `jobs`, `bytes`, and the bytes that
 * these jobs `add`), hash of the request (empty: without idempotency), how long that is remembered in milliseconds, ids (JSON), entry of an open shard (JSON); then for
 * each record: id, how many shards are open, how many sources, heirs, indexes and artifacts there are, deadline (milliseconds, or
 * empty), how many deliveries, how many values of fields there are, field, value, …, the deliveries.
 * Returns what became of it, and a value: 'created' and the time; 'full' and how many wait; 'heavy' and how many bytes those
 * take; 'answered' and what is known of the key (JSON); 'overdue' or 'no-source' and the place of the record, from 0;
 * 'no-artifact' and that place and the artifact's among those of the record, as in '3:1'.
 */
export const create = new LuaScript(`${SERVER_TIME}${WAITING_BYTES}${DELIVER}
local waitingIndexes = tonumber(ARGV[1])
local records, key, arg = {}, 4 + waitingIndexes, 7
while arg <= #ARGV do
  local sources, heirs, indexes = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3]), tonumber(ARGV[arg + 4])
  local record = { key = key, arg = arg, sources = key + 2, heirs = key + 2 + sources }
  record.indexes = record.heirs + heirs
  record.users = record.indexes + indexes
  record.deletions = record.users + tonumber(ARGV[arg + 5])
  record.deliveries = arg + 9 + tonumber(ARGV[arg + 8])
  key = record.deletions + tonumber(ARGV[arg + 5])
  arg = record.deliveries + ${DELIVERY_VALUES} * tonumber(ARGV[arg + 7])
  record.nextKey, record.nextArg = key, arg
  table.insert(records, record)
end
local madeAt = redis.call('HGET', KEYS[records[1].key], 'createdAt')
if madeAt then return { 'created', madeAt } end

if ARGV[3] ~= '' then
  local answer = redis.call('GET', KEYS[3])
  if answer then return { 'answered', answer } end
end
local waiting = 0
for i = 4, 3 + waitingIndexes do waiting = waiting + redis.call('ZCARD', KEYS[i]) end
local room, bytes = cjson.decode(ARGV[2]), 0
for i = 4, 3 + waitingIndexes do
  -- Whatever was counted wrongly, as by an older version, is mended when nothing waits.
  if waiting == 0 then redis.call('DEL', KEYS[i] .. ':bytes') end
  bytes = bytes + tonumber(redis.call('GET', KEYS[i] .. ':bytes') or 0)
end
if waiting + #records > room.jobs then return { 'full', tostring(waiting) } end
if waiting > 0 and bytes + room.add > room.bytes then return { 'heavy', string.format('%.0f', bytes) } end
for place, record in ipairs(records) do
  local deadline = ARGV[record.arg + 6]
  if deadline ~= '' and tonumber(deadline) <= now then return { 'overdue', tostring(place - 1) } end
  for source = record.sources, record.heirs - 1 do
    if redis.call('EXISTS', KEYS[source]) == 0 then return { 'no-source', tostring(place - 1) } end
  end
  for deletion = record.deletions, record.nextKey - 1 do
    if redis.call('EXISTS', KEYS[deletion]) == 1 then
      return { 'no-artifact', string.format('%d:%d', place - 1, deletion - record.deletions) }
    end
  end
end

local function write(record)
  local id, open, deadline = ARGV[record.arg], tonumber(ARGV[record.arg + 1]), ARGV[record.arg + 6]
  for delivery = record.deliveries, record.nextArg - 1, ${DELIVERY_VALUES} do deliver(delivery) end
  redis.call('HSET', KEYS[record.key], 'createdAt', now, unpack(ARGV, record.arg + 9, record.deliveries - 1))
  for shard = 0, open - 1 do redis.call('HSET', KEYS[record.key + 1], shard, ARGV[6]) end
  for heirs = record.heirs, record.indexes - 1 do redis.call('SADD', KEYS[heirs], id) end
  redis.call('ZADD', KEYS[1], 0, id)
  local bytes = tonumber(redis.call('HGET', KEYS[record.key], 'bytes'))
  addWaitingBytes(KEYS[record.indexes], bytes)
  record.bytes = bytes
  for index = record.indexes, record.users - 1 do redis.call('ZADD', KEYS[index], 0, id) end
  for users = record.users, record.deletions - 1 do redis.call('SADD', KEYS[users], id) end
  if deadline ~= '' then redis.call('ZADD', KEYS[2], deadline, id) end
end
local function takeBack(record)
  local id = ARGV[record.arg]
  if record.bytes then pcall(addWaitingBytes, KEYS[record.indexes], -record.bytes) end
  redis.pcall('DEL', KEYS[record.key], KEYS[record.key + 1])
  for heirs = record.heirs, record.indexes - 1 do redis.pcall('SREM', KEYS[heirs], id) end
  redis.pcall('ZREM', KEYS[1], id)
  for index = record.indexes, record.users - 1 do redis.pcall('ZREM', KEYS[index], id) end
  for users = record.users, record.deletions - 1 do redis.pcall('SREM', KEYS[users], id) end
  redis.pcall('ZREM', KEYS[2], id)
end
local isWritten, refusal = pcall(function()
  for _, record in ipairs(records) do write(record) end
  if ARGV[3] ~= '' then
    redis.call('SET', KEYS[3], cjson.encode({ hash = ARGV[3], ids = cjson.decode(ARGV[5]) }), 'PX', ARGV[4])
  end
end)
if not isWritten then
  for _, record in ipairs(records) do takeBack(record) end
  return type(refusal) == 'table' and refusal or redis.error_reply(tostring(refusal))
end
return { 'created', string.format('%.0f', now) }
`);
