import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { STREAM_CAP } from '../job-events.js';

/**
 * A script that Redis runs as one step. Keys and arguments are named by the places that the script's text reads.
 * `atFullMemory` is for scripts that keep or end what is under way: Redis (7.0 or later) runs them even when it holds as
 * much as `maxmemory` allows, since what they would write is small and refusing it would throw work away.
 */
export class LuaScript {
  readonly text: string;
  readonly #sha1: string;

  constructor(body: string, { atFullMemory = false }: { atFullMemory?: boolean } = {}) {
    this.text = atFullMemory ? `#!lua flags=allow-oom\n${body}` : body;
    const { text } = this;
    this.#sha1 = createHash('sha1').update(text).digest('hex');
  }

  /** Runs the script; its text travels only where the server does not know it yet. */
  async run(redis: Redis, keys: string[], values: (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha1, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.eval(this.text, keys.length, ...keys, ...values);
    }
  }
}

/** Lua that every script starts with: the server's time in milliseconds. No other clock is ever asked. */
export const SERVER_TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Lua that tells an event (JSON) of the job whose record and events are KEYS[1] and KEYS[2]; needs SERVER_TIME. The
 * first entry of a stream always comes after `<createdAtMs>-0`, which stands for `queued`, even where the server's clock
 * was set back.
 */
export const TELL = `
local function tell(event)
  local id = '*'
  if redis.call('EXISTS', KEYS[2]) == 0 then
    local createdAt = tonumber(redis.call('HGET', KEYS[1], 'createdAt'))
    if now <= createdAt then id = string.format('%.0f-1', createdAt) end
  end
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${STREAM_CAP}, id, 'event', event)
end
`;

/**
 * Lua that gives how long a failed attempt waits, in milliseconds: from one second, doubled with each attempt spent, to
 * a minute, of which a random half is left out, so that jobs that failed together do not come back together.
 */
export const BACK_OFF = `
local function backOffMs(spent, random)
  return math.floor(math.min(60000, 1000 * 2 ^ (spent - 1)) * (1 - random / 2))
end
`;
