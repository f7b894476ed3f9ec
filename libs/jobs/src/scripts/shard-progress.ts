/**
 * Lua that writes the progress of a job in shards, whose record is KEYS[1], at the time `now`: what is committed, and
 * what the workers that have a shard of the table `open` say of it. Speed and time left are means since the job last
 * came to run.
 */
export const TELL_PROGRESS = `
local function tellProgress(open)
  local fields = { 'done', 'failed', 'tokens', 'total', 'runAt', 'runEnded', 'runTokens' }
  local record = redis.call('HMGET', KEYS[1], unpack(fields))
  local is = {}
  for i, field in ipairs(fields) do is[field] = tonumber(record[i] or 0) end
  for _, text in ipairs(redis.call('HVALS', open)) do
    local live = cjson.decode(text).live
    if live then
      is.done, is.failed, is.tokens = is.done + live.done, is.failed + live.failed, is.tokens + live.tokens
    end
  end
  local seconds = math.max((now - is.runAt) / 1000, 0.001)
  local ended = is.done + is.failed
  local perSecond = math.max(0, ended - is.runEnded) / seconds
  redis.call('HSET', KEYS[1], 'progress', cjson.encode({
    done = is.done,
    failed = is.failed,
    total = is.total,
    tokensPerSecond = math.max(0, is.tokens - is.runTokens) / seconds,
    etaSeconds = perSecond > 0 and (is.total - ended) / perSecond or cjson.null,
  }))
end
`;

/** Lua that tells whether a worker has a shard of the table `open`. */
export const IS_IN_WORK = `
local function isInWork(open)
  for _, text in ipairs(redis.call('HVALS', open)) do
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
local function failJob(id, open, why)
  redis.call('DEL', open)
  tellProgress(open)
  redis.call('HSET', KEYS[1], 'error', why)
  enter(id, 'failed', why)
end
`;

/** Lua that counts an attempt at a shard, with an error (JSON); the record shows the most that any shard has spent. */
export const SPEND = `
local function spend(shard, why)
  shard.spent = shard.spent + 1
  redis.call('HSET', KEYS[1], 'error', why)
  if shard.spent > tonumber(redis.call('HGET', KEYS[1], 'spent')) then redis.call('HSET', KEYS[1], 'spent', shard.spent) end
  return shard.spent >= tonumber(redis.call('HGET', KEYS[1], 'maxAttempts'))
end
`;
