import type { Redis } from 'ioredis';
import { DeliveryQueue, deliveryId } from './delivery-queue.js';
import { jobKind } from './job.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { type JobRecord, readSummary } from './job-record.js';
import type { Lane } from './lane.js';
import type { ShardEntry } from './shard-entry.js';
import { JobControl } from './job-control.js';
import { readOpenShards } from './shard-store.js';

/** How many jobs one sweep looks at in each set. */
const BATCH = 100;

const SWEEP_MS = 1000;

/** How many sweeps pass between two looks for deliveries that were lost. */
const LOST_EVERY = 30;

/**
 * Mends what no transaction can: releases retries whose time has come, and jobs and shards whose delivery BullMQ no
 * longer has; fails jobs whose deadline has passed. Any number of sweeps may run at once: each job is watched while it is looked at, so one of them releases
 * it.
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

  /** The sweep watches keys, so it takes a connection of its own. */
  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis.duplicate();
    this.#redis.on('error', () => undefined);
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
    this.#redis.disconnect();
  }

  /** Releases jobs and shards that wait for another attempt and whose time has come. Gives how many. */
  async releaseDue(): Promise<number> {
    const ids = await this.#past(this.#keys.due());
    let released = 0;
    for (const due of ids) {
      const [id = '', shard] = due.split('.');
      const isReleased =
        shard === undefined
          ? await this.#release(id, async ({ state }) => state === 'queued' && (await this.#isDue(id)))
          : await this.#releaseShard(id, Number(shard), async (entry) => entry.due === true);
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
    const isLost = async ({ delivery }: JobRecord) =>
      !(await this.#isDue(id)) && !(await this.#isKnown('train', deliveryId(id, delivery)));
    return (await this.#release(id, isLost)) ? 1 : 0;
  }

  async #releaseLostShards(id: string): Promise<number> {
    let released = 0;
    for (const [shard] of await readOpenShards(this.#redis, this.#keys.openShards(id))) {
      const isLost = async ({ due, delivery }: ShardEntry, { lane }: JobRecord) =>
        due !== true && !(await this.#isKnown(lane, deliveryId(id, delivery, shard)));
      if (await this.#releaseShard(id, shard, isLost)) released += 1;
    }
    return released;
  }

  /** Whether a job still waits for its back-off: another sweep may have released it since. */
  async #isDue(id: string): Promise<boolean> {
    return (await this.#redis.zscore(this.#keys.due(), id)) !== null;
  }

  /** Whether BullMQ has this delivery, waiting or at work. */
  async #isKnown(lane: Lane, delivery: string): Promise<boolean> {
    return (await this.#redis.exists(this.#queue.deliveryKey(lane, delivery))) === 1;
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

  /** Gives a job its next delivery, unless its record changes while it is looked at. */
  async #release(id: string, isWanted: (record: JobRecord) => Promise<boolean>): Promise<boolean> {
    await this.#redis.watch(this.#keys.job(id));
    const record = await readSummary(this.#redis, this.#keys.job(id));
    const wantsToRun = record?.state === 'queued' || record?.state === 'running';
    if (!record || !wantsToRun || !(await isWanted(record))) {
      await this.#redis.unwatch();
      if (!wantsToRun) await this.#redis.zrem(this.#keys.due(), id);
      return false;
    }
    const transaction = await this.#queue.transaction();
    const number = record.delivery + 1;
    transaction.hset(this.#keys.job(id), { delivery: number });
    transaction.runCommand('zrem', [this.#keys.due(), id]);
    this.#queue.release(transaction, record, number);
    return (await transaction.exec()) !== null;
  }

  /** Gives an open shard its next ticket, unless the table of open shards changes while it is looked at. */
  async #releaseShard(
    id: string,
    shard: number,
    isWanted: (entry: ShardEntry, record: JobRecord) => Promise<boolean>,
  ): Promise<boolean> {
    const table = this.#keys.openShards(id);
    await this.#redis.watch(table);
    const record = await readSummary(this.#redis, this.#keys.job(id));
    const entry = (await readOpenShards(this.#redis, table)).find(([open]) => open === shard)?.[1];
    const rests = record?.requested === 'pause' && entry?.token === undefined;
    if (!record || !entry || rests || !(await isWanted(entry, record))) {
      await this.#redis.unwatch();
      // What its job no longer wants, because it has ended, would stay due for ever.
      if (!entry) await this.#redis.zrem(this.#keys.due(), `${id}.${shard}`);
      return false;
    }
    const transaction = await this.#queue.transaction();
    const number = entry.delivery + 1;
    const next = JSON.stringify({ ...entry, delivery: number, due: undefined });
    transaction.hset(table, { [shard]: next });
    transaction.runCommand('zrem', [this.#keys.due(), `${id}.${shard}`]);
    this.#queue.release(transaction, record, number, shard);
    return (await transaction.exec()) !== null;
  }
}
