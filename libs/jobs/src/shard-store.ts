import { JOB_STATES, type JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { type DeliveryQueue, deliveryId } from './delivery-queue.js';
import type { JobKeys } from './job-keys.js';
import { type ClaimedShard, claimedShard, readSummary } from './job-record.js';
import { promptList } from './prompt-store.js';
import { claimShard } from './scripts/claim-shard.js';
import { commitShard } from './scripts/commit-shard.js';
import { reportShard } from './scripts/report-shard.js';
import { returnShard } from './scripts/return-shard.js';
import { FIRST_ENTRY, type ShardEntry, shardEntry, type ShardResult, shardResult } from './shard-entry.js';
import {
  type Claimant,
  type HeartbeatAnswer,
  heartbeatAnswer,
  type WorkerOutcome,
  type WorkerReport,
} from './worker-hold.js';

/**
 * The shards of generate jobs, each claimed, reported and ended under a lease token of its own. A job has one record;
 * a shard has an entry in the record's table of open shards from the moment its ticket is added until its commit.
 */
export class ShardStore {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;

  constructor(redis: Redis, keys: JobKeys, queue: DeliveryQueue) {
    this.#redis = redis;
    this.#keys = keys;
    this.#queue = queue;
  }

  /**
   * Takes a shard for a worker, if its job wants to run, the shard is not committed, and the delivery is its newest;
   * else gives `undefined`. A shard that another worker left is taken over, and an attempt at it spent.
   */
  async claim(id: string, shard: number, by: Claimant): Promise<ClaimedShard | undefined> {
    const answer = await claimShard.run(
      this.#redis,
      [
        ...this.#movingKeys(id),
        this.#keys.workers(),
        `${this.#queue.deliveryKey(by.lane ?? 'generate', deliveryId(id, by.delivery, shard))}:lock`,
      ],
      [id, shard, by.delivery, by.token, by.worker, by.lock ?? ''],
    );
    if (typeof answer !== 'string') return undefined;
    const record = await readSummary(this.#redis, this.#keys.job(id));
    return record && claimedShard(record, shard, parseEntry(answer));
  }

  /** A worker's heartbeat, with what it has to say of its shard. A sequence number counts once, however often it arrives. */
  async report(
    { id, shard }: ShardName,
    token: string,
    sequence: number,
    { progress, events = [] }: WorkerReport,
  ): Promise<HeartbeatAnswer> {
    const said = events.map((event) => JSON.stringify(event));
    const values = [shard, token, sequence, progress ? JSON.stringify(progress) : '', ...said];
    const keys = [this.#keys.job(id), this.#keys.events(id), this.#keys.openShards(id)];
    return heartbeatAnswer(await reportShard.run(this.#redis, keys, values));
  }

  /**
   * Ends a worker's hold on a shard whose output, if it succeeded, is written. Gives the state that the job is in then,
   * or `undefined` where the token does not hold the shard.
   */
  async settle(shard: ClaimedShard, token: string, outcome: WorkerOutcome): Promise<JobState | undefined> {
    const answer =
      outcome.state === 'succeeded'
        ? await this.#commit(shard, token, shardResult.parse(outcome.result))
        : await this.#return(shard, token, outcome);
    return JOB_STATES.find((state) => state === answer);
  }

  /**
   * The prompts in a job's record; `undefined` where they are a dataset's or in storage (`promptsKey`), or there is no
   * such job.
   */
  async prompts(id: string): Promise<string[] | undefined> {
    const text = await this.#redis.hget(this.#keys.job(id), 'prompts');
    return text === null ? undefined : promptList.parse(JSON.parse(text));
  }

  /** The ids of the deliveries of a job's open shards. */
  async openDeliveries(id: string): Promise<string[]> {
    const open = await readOpenShards(this.#redis, this.#keys.openShards(id));
    return open.map(([shard, { delivery }]) => deliveryId(id, delivery, shard));
  }

  /** The commit, with the tickets of the shards that it opens. */
  async #commit(shard: ClaimedShard, token: string, result: ShardResult): Promise<unknown> {
    const { id } = shard;
    const keys = [...this.#movingKeys(id), this.#keys.committedShards(id), ...this.#queue.laneKeys()];
    const output = `/api/jobs/${id}/output`;
    const { done, failed, tokens, ranOn } = result;
    const runtime = ranOn ? JSON.stringify(ranOn) : '';
    const tickets = shard.opens.flatMap((opened) => this.#queue.delivery(shard, 1, opened));
    const values = [id, shard.shard, token, done, failed, tokens, FIRST_ENTRY, output, runtime, ...tickets];
    return await commitShard.run(this.#redis, keys, values);
  }

  async #return(
    { id, shard }: ShardName,
    token: string,
    outcome: Exclude<WorkerOutcome, { state: 'succeeded' }>,
  ): Promise<unknown> {
    const error = outcome.state === 'failed' ? outcome.error : undefined;
    return await returnShard.run(
      this.#redis,
      [...this.#movingKeys(id), this.#keys.due()],
      [id, shard, token, error?.retryable ? 'retry' : outcome.state, JSON.stringify(error ?? {}), Math.random()],
    );
  }

  /** What the scripts that may move a job in shards have as their first keys. */
  #movingKeys(id: string): string[] {
    return [...this.#keys.moving('generate', id), this.#keys.openShards(id)];
  }
}

/** Which shard of which job. */
interface ShardName {
  id: string;
  shard: number;
}

/** Reads a table of open shards, in no order. */
export async function readOpenShards(redis: Redis, key: string): Promise<[shard: number, entry: ShardEntry][]> {
  const table = await redis.hgetall(key);
  return Object.entries(table).map(([shard, text]) => [Number(shard), parseEntry(text)]);
}

function parseEntry(text: string): ShardEntry {
  return shardEntry.parse(JSON.parse(text));
}
