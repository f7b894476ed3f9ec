import { Redis } from 'ioredis';

/** How long an api waits for one answer of Redis before it tells its client that Redis is away. */
const API_COMMAND_TIMEOUT_MS = 1500;

/**
 * Connects to Redis or Valkey. An api's commands fail within two seconds while Redis is away; a worker's wait until it
 * is back. Connections come back by themselves; their errors go to `onError`.
 */
export function connectRedis(url: string, role: 'api' | 'worker', onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: role === 'api' ? 1 : null,
    ...(role === 'api' ? { commandTimeout: API_COMMAND_TIMEOUT_MS, connectTimeout: API_COMMAND_TIMEOUT_MS } : {}),
    retryStrategy: (attempt) => Math.min(attempt * 100, 1000),
  });
  redis.on('error', onError);
  return redis;
}

/** Whether an error says that Redis cannot be reached, rather than that it refused. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError') return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(codeOf(error))) return true;
  return /Connection is closed|Command timed out|Stream isn't writeable|^LOADING /u.test(error.message);
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
