/**
 * Lua that writes the progress of a job in shards, whose keys are `record` and `openShards`, at the time `now`: what is
 * committed, and what the workers that have an open shard say of it. Speed and time left are means since the job last
 * came to run.
 */
export const TELL_PROGRESS = `
local function tellProgress()
  local fields = { 'done', 'failed', 'tokens', 'total', 'runAt', 'runEnded', 'runTokens' }
  local record = redis.call('HMGET', key.record, unpack(fields))
  local is = {}
  for i, field in ipairs(fields) do is[field] = tonumber(record[i] or 0) end
  for _, text in ipairs(redis.call('HVALS', key.openShards)) do
    local live = cjson.decode(text).live
    if live then
      is.done, is.failed, is.tokens = is.done + live.done, is.failed + live.failed, is.tokens + live.tokens
    end
  end
  local seconds = math.max((now - is.runAt) / 1000, 0.001)
  local ended = is.done + is.failed
  local perSecond = math.max(0, ended - is.runEnded) / seconds
  redis.call('HSET', key.record, 'progress', cjson.encode({
    done = is.done,
    failed = is.failed,
    total = is.total,
    tokensPerSecond = math.max(0, is.tokens - is.runTokens) / seconds,
    etaSeconds = perSecond > 0 and (is.total - ended) / perSecond or cjson.null,
  }))
end
`;

/** Lua that says whether a worker has an open shard. */
export const IS_IN_WORK = `
local function isInWork()
  for _, text in ipairs(redis.call('HVALS', key.openShards)) do
    if cjson.decode(text).token then return true end
  end
  return false
end
`;

/**
 * Lua that fails a job in shards for good, with an error (JSON). Its table of open shards goes away, and with it the
 * lease of every worker that has one. Needs ENTER and TELL_PROGRESS.
 */
export const FAIL_SHARDED = `
local function failJob(id, why)
  redis.call('DEL', key.openShards)
  tellProgress()
  redis.call('HSET', key.record, 'error', why)
  enter(id, 'failed', why)
end
`;

/**
 * Lua that counts an attempt at a shard, with an error (JSON), and returns whether it was the last. The record shows the
 * most that any shard has spent.
 */
export const SPEND = `
local function spend(shard, why)
  shard.spent = shard.spent + 1
  redis.call('HSET', key.record, 'error', why)
  local spent, maxAttempts = unpack(redis.call('HMGET', key.record, 'spent', 'maxAttempts'))
  if shard.spent > tonumber(spent) then redis.call('HSET', key.record, 'spent', shard.spent) end
  return shard.spent >= tonumber(maxAttempts)
end
`;
