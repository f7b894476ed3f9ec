import { jobKind } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { OpenDelivery } from '../kinds/kind.js';
import { kindNamed } from '../kinds/kinds.js';
import { type JobRecord, readSummary } from '../records/job-record.js';
import { RepeatedTask } from '../repeated-task.js';
import { JobControl } from './job-control.js';

/** How many jobs one round looks at in each set. */
const BATCH = 100;

const ROUND_MS = 1000;

/** How many rounds pass between two looks for deliveries that were lost. */
const LOST_EVERY = 30;

/**
 * Repairs what no script can: releases retries whose time has come, and jobs and shards whose delivery BullMQ no
 * longer has; fails jobs whose deadline has passed. Any number of rescuers may run at once: the script that releases a job
 * compares what was read of it, so one of them releases it. What is released comes ahead of its priority's peers, for it
 * has waited its turn already.
 */
export class JobRescuer {
  readonly #jobs: JobsInRedis;
  readonly #control: JobControl;
  /** Where the next look for lost deliveries continues in each index. */
  readonly #lookedUpTo = new Map<string, string>();
  #task: RepeatedTask | undefined;
  #rounds = 0;

  constructor({ redis, prefix }: { redis: Redis; prefix?: string }) {
    this.#jobs = new JobsInRedis(redis, prefix);
    this.#control = new JobControl(this.#jobs);
  }

  /** Rescues once per second until {@link JobRescuer.stop}; errors go to `onError`. */
  start(onError: (error: unknown) => void): void {
    this.#task = new RepeatedTask(ROUND_MS, () => this.#rescue(), onError);
  }

  async stop(): Promise<void> {
    await this.#task?.stop();
    await this.#jobs.close();
  }

  /** Releases jobs and shards that wait for another attempt and whose time has come. Returns how many. */
  async releaseDue(): Promise<number> {
    let released = 0;
    for (const due of await this.#past(this.#jobs.keys.due())) {
      const [id = '', shard] = due.split('.');
      const record = await this.#read(id);
      const open = record ? await this.#openDeliveries(record) : [];
      const delivery = open.find((each) => each.shard === (shard === undefined ? undefined : Number(shard)));
      // What no job wants any more, because it has ended, would stay due for ever.
      if (!record || !delivery) await this.#jobs.redis.zrem(this.#jobs.keys.due(), due);
      else if (await this.#release(record, delivery, 'due')) released += 1;
    }
    return released;
  }

  /** Fails jobs whose deadline has passed, wherever they are. Returns how many deadlines it has done with. */
  async endOverdue(): Promise<number> {
    let ended = 0;
    for (const id of await this.#past(this.#jobs.keys.deadlines())) {
      if (!(await this.#control.endOverdue(id))) continue;
      await this.#jobs.redis.zrem(this.#jobs.keys.deadlines(), id);
      ended += 1;
    }
    return ended;
  }

  /**
   * Releases queued and running jobs, and open shards of them, whose delivery BullMQ does not know, the oldest first. A
   * look continues where the one before ended. Returns how many.
   */
  async releaseLost(): Promise<number> {
    let released = 0;
    for (const kind of jobKind.options) {
      for (const state of ['queued', 'running'] as const) {
        for (const id of await this.#nextBatch(this.#jobs.keys.inState(kind, state))) {
          released += await this.#releaseLostOf(id);
        }
      }
    }
    return released;
  }

  async #releaseLostOf(id: string): Promise<number> {
    const record = await this.#read(id);
    let released = 0;
    for (const delivery of record ? await this.#openDeliveries(record) : []) {
      if (record && (await this.#release(record, delivery, 'lost'))) released += 1;
    }
    return released;
  }

  async #rescue(): Promise<void> {
    this.#rounds += 1;
    await this.endOverdue();
    await this.releaseDue();
    if (this.#rounds % LOST_EVERY === 0) await this.releaseLost();
  }

  /** Some members of a sorted set by time whose time has come, the longest past first; by the clock of Redis. */
  async #past(key: string): Promise<string[]> {
    const [seconds, microseconds] = await this.#jobs.redis.time();
    const nowMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    return await this.#jobs.redis.zrangebyscore(key, '-inf', nowMs, 'LIMIT', 0, BATCH);
  }

  /** The next ids of an index; from its start again after its end. */
  async #nextBatch(index: string): Promise<string[]> {
    const last = this.#lookedUpTo.get(index);
    const from = last === undefined ? '-' : `(${last}`;
    const ids = await this.#jobs.redis.zrangebylex(index, from, '+', 'LIMIT', 0, BATCH);
    const next = ids.length < BATCH ? undefined : ids.at(-1);
    if (next === undefined) this.#lookedUpTo.delete(index);
    else this.#lookedUpTo.set(index, next);
    return ids;
  }

  #read(id: string): Promise<JobRecord | undefined> {
    return readSummary(this.#jobs.redis, this.#jobs.keys.job(id));
  }

  #openDeliveries(record: JobRecord): Promise<OpenDelivery[]> {
    return kindNamed(record.kind).openDeliveries(this.#jobs, record);
  }

  #release(record: JobRecord, delivery: OpenDelivery, why: 'due' | 'lost'): Promise<boolean> {
    return kindNamed(record.kind).release(this.#jobs, record, delivery, why);
  }
}
