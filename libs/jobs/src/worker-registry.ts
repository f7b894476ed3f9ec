import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobKind } from './job.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';

/** How long a worker that says nothing is still listed. */
const FORGET_MS = 15_000;

/** What a worker says of itself. */
export const workerInfo = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  device: z.string().describe('What its engines compute on: `cpu`, or `cuda:N`.'),
  roles: z.array(jobKind),
  libraries: z.record(z.string(), z.string()).describe('Versions of the native libraries its engines loaded.'),
  state: z.enum(['idle', 'busy', 'draining']),
  jobs: z.array(z.string()),
  tokensPerSecond: z.number(),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
});
export type WorkerInfo = z.output<typeof workerInfo>;

/** The workers that are alive, as each announces itself about once a second. */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #keys: JobKeys;

  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
  }

  /** Says that a worker is there. */
  async announce(info: Omit<WorkerInfo, 'seenAt'>): Promise<void> {
    const [seconds, microseconds] = await this.#redis.time();
    const nowMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    const value = JSON.stringify({ ...info, seenAt: new Date(nowMs).toISOString() });
    await this.#redis
      .multi()
      .set(this.#keys.worker(info.id), value, 'PX', FORGET_MS)
      .zadd(this.#keys.workers(), nowMs, info.id)
      .zremrangebyscore(this.#keys.workers(), '-inf', nowMs - FORGET_MS)
      .exec();
  }

  /** Takes a worker off the list that leaves in order. */
  async remove(id: string): Promise<void> {
    await this.#redis.multi().del(this.#keys.worker(id)).zrem(this.#keys.workers(), id).exec();
  }

  /** The workers that announced themselves lately, by id. */
  async list(): Promise<WorkerInfo[]> {
    const ids = (await this.#redis.zrange(this.#keys.workers(), '0', '-1')).sort();
    if (ids.length === 0) return [];
    const values = await this.#redis.mget(ids.map((id) => this.#keys.worker(id)));
    return values.flatMap((value) => (value === null ? [] : [workerInfo.parse(JSON.parse(value))]));
  }
}
