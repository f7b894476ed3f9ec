import { checkRedisDurability, type connectRedis, isRedisUnavailable } from '@glyphmill/jobs';
import type { Logger } from '@nestjs/common';

type Redis = ReturnType<typeof connectRedis>;

/**
 * Throws `UnsafeRedisError` where Redis may drop jobs, and warns where a restart of it may lose them. Where Redis is away
 * at the start, it is looked at when it comes: what is wrong with it is then an error in the log.
 */
export async function refuseUnsafeRedis(redis: Redis, logger: Logger): Promise<void> {
  try {
    for (const warning of await checkRedisDurability(redis)) logger.warn(warning);
  } catch (error) {
    if (!isRedisUnavailable(error)) throw error;
    redis.once('ready', () => {
      refuseUnsafeRedis(redis, logger).catch((later: unknown) => logger.error(later));
    });
  }
}
