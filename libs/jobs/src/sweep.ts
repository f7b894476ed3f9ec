import { jobKind } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { DeliveryQueue, deliveryId } from './delivery-queue.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { readSummary } from './job-record.js';
import { JobControl } from './job-control.js';
import { release, releaseShard } from './scripts/release.js';
import { readOpenShards } from './shard-store.js';

/** How many jobs one sweep looks at in each set. */
const BATCH = 100;

const SWEEP_MS = 1000;

/** How many sweeps pass between two looks for deliveries that were lost. */
const LOST_EVERY = 30;

/** Why something gets another delivery: its back-off has passed, or BullMQ no longer knows the one it had. */
type Reason = 'due' | 'lost';

/**
 * Mends what no script can: releases retries whose time has come, and jobs and shards whose delivery BullMQ no
 * longer has; fails jobs whose deadline has passed. Any number of sweeps may run at once: the script that releases a job
 * compares what was read of it, so one of them releases it. What is released comes ahead of its priority's peers, for it
 * has waited its turn already.
 */
export class Sweep {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;
  readonly #control: JobControl;
  /** Where the next look for lost deliveries goes on in each index. */
  readonly #lookedUpTo = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #rounds = 0;

  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
    this.#queue = new DeliveryQueue(this.#redis, prefix);
    this.#control = new JobControl(this.#redis, this.#keys, this.#queue);
  }

  /** Sweeps once a second until {@link Sweep.stop}; errors go to `onError`. */
  start(onError: (error: unknown) => void): void {
    this.#timer = setInterval(() => {
      this.#round ??= this.#sweep()
        .catch(onError)
        .finally(() => {
          this.#round = undefined;
        });
    }, SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
    await this.#queue.close();
  }

  /** Releases jobs and shards that wait for another attempt and whose time has come. Gives how many. */
  async releaseDue(): Promise<number> {
    const ids = await this.#past(this.#keys.due());
    let released = 0;
    for (const due of ids) {
      const [id = '', shard] = due.split('.');
      const isReleased =
        shard === undefined ? await this.#release(id, 'due') : await this.#releaseShard(id, Number(shard), 'due');
      if (isReleased) released += 1;
    }
    return released;
  }

  /** Fails jobs whose deadline has passed, wherever they are. Gives how many deadlines it has done with. */
  async endOverdue(): Promise<number> {
    let ended = 0;
    for (const id of await this.#past(this.#keys.deadlines())) {
      if (!(await this.#control.endOverdue(id))) continue;
      await this.#redis.zrem(this.#keys.deadlines(), id);
      ended += 1;
    }
    return ended;
  }

  /**
   * Releases queued and running jobs, and open shards of them, whose delivery BullMQ does not know, the oldest first. A
   * look goes on where the one before ended. Gives how many.
   */
  async releaseLost(): Promise<number> {
    let released = 0;
    for (const kind of jobKind.options) {
      for (const state of ['queued', 'running'] as const) {
        for (const id of await this.#nextBatch(this.#keys.inState(kind, state))) {
          released += kind === 'train' ? await this.#releaseLostJob(id) : await this.#releaseLostShards(id);
        }
      }
    }
    return released;
  }

  async #releaseLostJob(id: string): Promise<number> {
    return (await this.#release(id, 'lost')) ? 1 : 0;
  }

  async #releaseLostShards(id: string): Promise<number> {
    let released = 0;
    for (const [shard] of await readOpenShards(this.#redis, this.#keys.openShards(id))) {
      if (await this.#releaseShard(id, shard, 'lost')) released += 1;
    }
    return released;
  }

  async #sweep(): Promise<void> {
    this.#rounds += 1;
    await this.endOverdue();
    await this.releaseDue();
    if (this.#rounds % LOST_EVERY === 0) await this.releaseLost();
  }

  /** Some members of a sorted set by time whose time has come, the longest past first; by the clock of Redis. */
  async #past(key: string): Promise<string[]> {
    const [seconds, microseconds] = await this.#redis.time();
    const nowMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    return await this.#redis.zrangebyscore(key, '-inf', nowMs, 'LIMIT', 0, BATCH);
  }

  /** The next ids of an index; from its start again after its end. */
  async #nextBatch(index: string): Promise<string[]> {
    const last = this.#lookedUpTo.get(index);
    const from = last === undefined ? '-' : `(${last}`;
    const ids = await this.#redis.zrangebylex(index, from, '+', 'LIMIT', 0, BATCH);
    const next = ids.length < BATCH ? undefined : ids.at(-1);
    if (next === undefined) this.#lookedUpTo.delete(index);
    else this.#lookedUpTo.set(index, next);
    return ids;
  }

  /** Gives a job its next delivery, if it is due or its delivery was lost. */
  async #release(id: string, why: Reason): Promise<boolean> {
    const record = await readSummary(this.#redis, this.#keys.job(id));
    if (!record) {
      await this.#redis.zrem(this.#keys.due(), id);
      return false;
    }
    const { lane, delivery } = record;
    const known = this.#queue.deliveryKey(lane, deliveryId(id, delivery));
    const keys = [this.#keys.job(id), this.#keys.due(), known, ...this.#queue.laneKeys()];
    const values = [id, delivery, why, ...this.#queue.delivery(record, delivery + 1)];
    return (await release.run(this.#redis, keys, values)) === 1;
  }

  /** Gives an open shard its next ticket, if it is due or its ticket was lost. */
  async #releaseShard(id: string, shard: number, why: Reason): Promise<boolean> {
    const table = this.#keys.openShards(id);
    const record = await readSummary(this.#redis, this.#keys.job(id));
    const entry = (await readOpenShards(this.#redis, table)).find(([open]) => open === shard)?.[1];
    if (!record || !entry) {
      // What its job no longer wants, because it has ended, would stay due for ever.
      await this.#redis.zrem(this.#keys.due(), `${id}.${shard}`);
      return false;
    }
    const { delivery } = entry;
    const known = this.#queue.deliveryKey(record.lane, deliveryId(id, delivery, shard));
    const keys = [this.#keys.job(id), this.#keys.due(), known, table, ...this.#queue.laneKeys()];
    const values = [id, shard, delivery, why, ...this.#queue.delivery(record, delivery + 1, shard)];
    return (await releaseShard.run(this.#redis, keys, values)) === 1;
  }
}
