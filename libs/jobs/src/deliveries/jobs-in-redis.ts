import type { Redis } from 'ioredis';
import { DEFAULT_PREFIX, JobKeys } from '../records/job-keys.js';
import { DeliveryQueue } from './delivery-queue.js';

/** Where the jobs are: a connection to Redis, their keys, and the queues that deliver them. */
export class JobsInRedis {
  readonly keys: JobKeys;
  readonly queue: DeliveryQueue;

  constructor(
    readonly redis: Redis,
    prefix = DEFAULT_PREFIX,
  ) {
    this.keys = new JobKeys(prefix);
    this.queue = new DeliveryQueue(redis, prefix);
  }

  /** Ends the queues; the connection stays its owner's. */
  async close(): Promise<void> {
    await this.queue.close();
  }
}
