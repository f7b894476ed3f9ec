import { Redis } from 'ioredis';

/** How long an api waits for one answer of Redis before it tells its client that Redis is away. */
const API_COMMAND_TIMEOUT_MS = 1500;

/** After how much silence with a command under way a connection counts as dead and is made anew. */
const SILENCE_MS = { api: 3000, worker: 20_000 } as const;

/**
 * Connects to Redis or Valkey. An api's commands fail within two seconds while Redis is away; a worker's wait until it
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

/** Whether an error says that a connection broke while a transaction was under way; nobody knows whether it is done. */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && error.message.includes(BROKEN_OFF);
}

const BROKEN_OFF = 'Command aborted due to connection close';

const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** What ioredis says of a connection that is gone, and what a server says that cannot serve now. */
const AWAY =
  /Connection is closed|Command timed out|Command aborted due to connection close|Stream isn't writeable|^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF|OOM) /u;

/** Whether an error says that Redis cannot be reached or cannot serve now, rather than that it refused. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError') return true;
  if (SYSTEM_CODES.has(codeOf(error)) || AWAY.test(error.message)) return true;
  // A transaction that was given up says why in the errors of its commands.
  return (
    'previousErrors' in error && Array.isArray(error.previousErrors) && error.previousErrors.some(isRedisUnavailable)
  );
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
