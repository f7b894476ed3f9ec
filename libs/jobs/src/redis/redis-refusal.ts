const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** What ioredis says of a connection that is gone. */
const AWAY =
  /Connection is closed|Command timed out|Command aborted due to connection close|Stream isn't writeable|max retries per request/u;

/** The first word of what a server answers that cannot serve now, and what its operator does about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  OOM: 'Redis is out of memory. Raise its maxmemory, or delete finished jobs.',
  READONLY: 'This Redis is a replica, which takes no writes. Point REDIS_URL to the primary.',
  MISCONF: 'Redis takes no writes, because it cannot save to its disk. Its log says why.',
  LOADING: 'Redis is loading its data and will serve in a moment.',
  MASTERDOWN: 'This Redis is a replica that has lost its primary.',
  CLUSTERDOWN: 'The Redis cluster is down.',
  BUSY: 'Redis is busy with a script.',
  NOAUTH: 'Redis asks for a password. Set it in REDIS_URL and restart.',
  WRONGPASS: 'Redis refuses the password in REDIS_URL. Set the right one and restart.',
  NOPERM: 'The Redis user in REDIS_URL may not do what is needed. Give it all commands and keys of REDIS_PREFIX.',
};

/** Why Redis cannot do now what it was asked. */
export interface RedisRefusal {
  /** The server's code, such as `OOM`, or `unreachable`. */
  code: string;
  /** What is wrong, and what its operator does about it. Nothing of it is secret. */
  message: string;
}

/**
 * Why an error says that Redis cannot be reached or cannot serve now; `undefined` if it refused what it was asked, or the
 * error is not one of Redis. What led to the error counts too, and errors may lead to each other in circles.
 */
export function redisRefusal(error: unknown, seen = new Set<unknown>()): RedisRefusal | undefined {
  if (!(error instanceof Error) || seen.has(error)) return undefined;
  seen.add(error);
  const code = /^(?:ERR )?(?:[^:]*: -)?([A-Z]+)\b/u.exec(error.message)?.[1] ?? '';
  const remedy = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  if (remedy !== undefined) return { code, message: remedy };
  const previous = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  for (const cause of [error.cause, 'lastNodeError' in error && error.lastNodeError, ...previous]) {
    const refusal = redisRefusal(cause, seen);
    if (refusal) return refusal;
  }
  const systemCode = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isAway = error.name === 'MaxRetriesPerRequestError' || SYSTEM_CODES.has(systemCode) || AWAY.test(error.message);
  return isAway ? { code: 'unreachable', message: 'Redis cannot be reached now.' } : undefined;
}

/** Whether an error says that Redis cannot be reached or cannot serve now, rather than that it refused. */
export function isRedisUnavailable(error: unknown): boolean {
  return redisRefusal(error) !== undefined;
}
