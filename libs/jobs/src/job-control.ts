import type { JobError } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { type DeliveryQueue, deliveryId } from './delivery-queue.js';
import { JobNotFoundError, JobStateConflictError } from './errors.js';
import type { JobKeys } from './job-keys.js';
import { type JobRecord, modelOf, readSummary } from './job-record.js';
import { end } from './scripts/end.js';
import { pause } from './scripts/pause.js';
import { remove } from './scripts/remove.js';
import { resume } from './scripts/resume.js';
import { readOpenShards } from './shard-store.js';

/** What a job that was not finished in time is said to have met. */
const DEADLINE_EXCEEDED: JobError = {
  code: 'deadline_exceeded',
  message: 'the job was not finished by its deadline',
  retryable: false,
};

/**
 * What is asked of a job from outside, by any process and at any moment: each is one script that compares the state
 * first. All throw {@link JobNotFoundError}, and {@link JobStateConflictError} where the state does not allow it.
 */
export class JobControl {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;

  constructor(redis: Redis, keys: JobKeys, queue: DeliveryQueue) {
    this.#redis = redis;
    this.#keys = keys;
    this.#queue = queue;
  }

  /** Cancels a job for good; one that is cancelled already stays so. */
  async cancel(id: string): Promise<void> {
    expectAnswer('cancelled', await this.#end(await this.#read(id), 'cancelled'), id);
  }

  /**
   * Fails a job whose deadline has passed. Gives whether nothing is left to do: one that is publishing its result has a
   * moment for it.
   */
  async endOverdue(id: string): Promise<boolean> {
    const record = await readSummary(this.#redis, this.#keys.job(id));
    return record === undefined || (await this.#end(record, 'failed', DEADLINE_EXCEEDED)) !== 'committing';
  }

  /**
   * Pauses a job that waits. A worker that has it, or shards of it, is asked to keep what it can go on from and to hand
   * it back: it is paused then.
   */
  async pause(id: string): Promise<void> {
    const record = await this.#read(id);
    const waiting = await this.#waitingDeliveries(record);
    const keys = [...this.#keys.moving(record.kind, id), this.#keys.due(), this.#keys.openShards(id)];
    expectAnswer('paused', await pause.run(this.#redis, keys, [id]), id);
    await this.#withdraw(record, waiting);
  }

  /** Queues a paused job under its next delivery, or takes back the request to pause a running one. */
  async resume(id: string): Promise<void> {
    let answer: unknown;
    do {
      const record = await this.#read(id);
      const rests = record.state === 'paused' || record.requested !== undefined;
      const shards = rests ? await this.#shardsWithoutWorker(id) : [];
      const keys = [...this.#keys.moving(record.kind, id), this.#keys.openShards(id), ...this.#queue.laneKeys()];
      const isPaused = record.state === 'paused';
      const deliveries =
        record.kind === 'train'
          ? isPaused
            ? [this.#queue.delivery(record, record.delivery + 1)]
            : []
          : shards.map(([shard, delivery]) => this.#queue.delivery(record, delivery + 1, shard));
      const rested = isPaused ? record.delivery : '';
      const values = [id, rested, shards.length, ...shards.flat(), ...deliveries.flat()];
      answer = await resume.run(this.#redis, keys, values);
    } while (answer === 'changed');
    expectAnswer('resumed', answer, id);
  }

  /**
   * Removes a finished job: record, events, and all that is said of it in Redis. Its files are its caller's to remove.
   */
  async remove(id: string): Promise<void> {
    const record = await this.#read(id);
    const model = modelOf(record);
    const indexes = [
      this.#keys.all(),
      this.#keys.deadlines(),
      ...record.tags.map((tag) => this.#keys.tagged(tag)),
      ...(model === undefined ? [] : [this.#keys.withModel(model)]),
    ];
    const heirs = record.heirOf.map((ancestor) => this.#keys.heirs(ancestor));
    const keys = [...this.#keys.moving(record.kind, id), this.#keys.committedShards(id), ...indexes, ...heirs];
    expectAnswer('deleted', await remove.run(this.#redis, keys, [id, heirs.length]), id);
  }

  async #end(record: JobRecord, state: 'cancelled' | 'failed', error?: JobError): Promise<unknown> {
    const { id, kind } = record;
    const waiting = await this.#waitingDeliveries(record);
    const keys = [...this.#keys.moving(kind, id), this.#keys.due(), this.#keys.openShards(id)];
    const answer = await end.run(this.#redis, keys, [id, state, error ? JSON.stringify(error) : '']);
    if (answer === state) await this.#withdraw(record, waiting);
    return answer;
  }

  /** Only so that the places in the queue are right: a delivery that no record wants ends at its claim anyway. */
  async #withdraw({ lane }: JobRecord, deliveries: string[]): Promise<void> {
    await Promise.all(deliveries.map((delivery) => this.#queue.withdraw(lane, delivery)));
  }

  async #waitingDeliveries({ id, kind, state, delivery }: JobRecord): Promise<string[]> {
    if (kind === 'train') return state === 'queued' ? [deliveryId(id, delivery)] : [];
    return (await this.#shardsWithoutWorker(id)).map(([shard, number]) => deliveryId(id, number, shard));
  }

  /** The open shards of a job that no worker has, each with the number of its newest delivery. */
  async #shardsWithoutWorker(id: string): Promise<[shard: number, delivery: number][]> {
    const open = await readOpenShards(this.#redis, this.#keys.openShards(id));
    return open.flatMap(([shard, { token, delivery }]): [number, number][] =>
      token === undefined ? [[shard, delivery]] : [],
    );
  }

  async #read(id: string): Promise<JobRecord> {
    const record = await readSummary(this.#redis, this.#keys.job(id));
    if (!record) throw new JobNotFoundError(id);
    return record;
  }
}

/** Throws what a script's answer says, unless it did what was asked. */
function expectAnswer(asked: string, answer: unknown, id: string): void {
  if (answer === 'missing') throw new JobNotFoundError(id);
  if (answer !== asked) throw new JobStateConflictError(id, String(answer), asked);
}
