import type { Redis } from 'ioredis';
import { workerInfo, type WorkerInfo } from '@glyphmill/contract';
import { DEFAULT_PREFIX, JobKeys } from '../records/job-keys.js';
import { announce } from '../scripts/announce.js';

/** How long a worker that says nothing is still listed. */
const FORGET_MS = 15_000;

/** What is kept of that; when it was said is kept apart. */
const announced = workerInfo.omit({ seenAt: true });

/** The workers that are alive, as each announces itself about once per second. */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #keys: JobKeys;

  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
  }

  /** Says that a worker is there. */
  async announce(info: Omit<WorkerInfo, 'seenAt'>): Promise<void> {
    await announce.run(this.#redis, {
      keys: { worker: this.#keys.worker(info.id), workers: this.#keys.workers() },
      args: { id: info.id, info: JSON.stringify(info), holdsMs: FORGET_MS },
    });
  }

  /** Takes a worker off the list that leaves in order. */
  async remove(id: string): Promise<void> {
    await this.#redis.multi().del(this.#keys.worker(id)).zrem(this.#keys.workers(), id).exec();
  }

  /** The workers that announced themselves lately, by id. */
  async list(): Promise<WorkerInfo[]> {
    const seen = await this.#redis.zrange(this.#keys.workers(), '0', '-1', 'WITHSCORES');
    const times = new Map<string, number>();
    for (let i = 0; i + 1 < seen.length; i += 2) times.set(seen[i]!, Number(seen[i + 1]));
    if (times.size === 0) return [];
    const ids = [...times.keys()].sort();
    const values = await this.#redis.mget(ids.map((id) => this.#keys.worker(id)));
    return values.flatMap((value, place) => {
      if (value === null) return [];
      const seenAt = new Date(times.get(ids[place]!)!).toISOString();
      return [workerInfo.parse({ ...announced.parse(JSON.parse(value)), seenAt })];
    });
  }
}
