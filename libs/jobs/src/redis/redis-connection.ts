import { Redis } from 'ioredis';

/** How long an API waits for one answer of Redis before it tells its client that Redis is away. */
const API_COMMAND_TIMEOUT_MS = 1500;

/** After how much silence with a command under way a connection counts as dead and is made anew. */
const SILENCE_MS = { api: 3000, worker: 20_000 } as const;

/**
 * Connects to Redis or Valkey. An API's commands fail within two seconds while Redis is away; a worker's wait until it
 * is back. Connections come back by themselves; their errors go to `onError`.
 */
export function connectRedis(url: string, role: 'api' | 'worker', onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: role === 'api' ? 1 : null,
    ...(role === 'api' ? { commandTimeout: API_COMMAND_TIMEOUT_MS, connectTimeout: API_COMMAND_TIMEOUT_MS } : {}),
    // BullMQ's own blocking reads, which take ten seconds at most, are on a copy of a worker's connection.
    socketTimeout: SILENCE_MS[role],
    retryStrategy: (attempt) => Math.min(attempt * 100, 1000),
  });
  redis.on('error', onError);
  return redis;
}
