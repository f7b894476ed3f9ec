import { checkRedis, type connectRedis, isRedisUnavailable } from '@glyphmill/jobs';
import type { Logger } from '@nestjs/common';

type Redis = ReturnType<typeof connectRedis>;

/**
 * Throws `UnsafeRedisError` if Redis may drop jobs or does not let its user do what is needed, and warns if a restart of it
 * may lose jobs. A Redis that is away at the start is looked at when it comes: what is wrong with it is then an error in
 * the log.
 */
export async function refuseUnsafeRedis(redis: Redis, prefix: string, logger: Logger): Promise<void> {
  try {
    for (const warning of await checkRedis(redis, prefix)) logger.warn(warning);
  } catch (error) {
    if (!isRedisUnavailable(error)) throw error;
    redis.once('ready', () => {
      refuseUnsafeRedis(redis, prefix, logger).catch((later: unknown) => logger.error(later));
    });
  }
}
