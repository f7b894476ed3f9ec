import type { JobError } from '@glyphmill/contract';
import { deliveryId } from '../deliveries/delivery-queue.js';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { OpenDelivery } from '../kinds/kind.js';
import { kindNamed } from '../kinds/kinds.js';
import { JobNotFoundError, JobStateConflictError } from './errors.js';
import { type JobRecord, modelOf, readSummary } from '../records/job-record.js';
import { end } from '../scripts/end.js';
import { pause } from '../scripts/pause.js';
import { remove } from '../scripts/remove.js';
import { resume } from '../scripts/resume.js';

/** What a job that was not finished in time is said to have met. */
const DEADLINE_EXCEEDED: JobError = {
  code: 'deadline_exceeded',
  message: 'the job was not finished by its deadline',
  retryable: false,
};

/**
 * What is asked of a job from outside, by any process and at any moment: each is one script that compares the state
 * first. All throw {@link JobNotFoundError}, and {@link JobStateConflictError} if the state does not allow it.
 */
export class JobControl {
  readonly #jobs: JobsInRedis;

  constructor(jobs: JobsInRedis) {
    this.#jobs = jobs;
  }

  /** Cancels a job for good; one that is cancelled already stays so. */
  async cancel(id: string): Promise<void> {
    expectAnswer('cancelled', await this.#end(await this.#read(id), 'cancelled'), id);
  }

  /**
   * Fails a job whose deadline has passed. Returns whether nothing is left to do: one that is publishing its result has a
   * moment for it.
   */
  async endOverdue(id: string): Promise<boolean> {
    const record = await readSummary(this.#jobs.redis, this.#jobs.keys.job(id));
    return record === undefined || (await this.#end(record, 'failed', DEADLINE_EXCEEDED)) !== 'committing';
  }

  /**
   * Pauses a job that waits. A worker that has it, or shards of it, is asked to save what it can resume from and to hand
   * it back: it is paused then.
   */
  async pause(id: string): Promise<void> {
    const record = await this.#read(id);
    const resting = await this.#restingDeliveries(record);
    const { redis, keys } = this.#jobs;
    const answer = await pause.run(redis, {
      keys: { ...keys.moving(record.kind, id), due: keys.due(), openShards: keys.openShards(id) },
      args: { id },
    });
    expectAnswer('paused', answer, id);
    await this.#withdraw(record, resting);
  }

  /** Queues a paused job under its next delivery, or takes back the request to pause a running one. */
  async resume(id: string): Promise<void> {
    let answer: unknown;
    do answer = await this.#resume(await this.#read(id));
    while (answer === 'changed');
    expectAnswer('resumed', answer, id);
  }

  /** Removes a finished job: record, events, and all that is said of it in Redis. Its files are its caller's to remove. */
  async remove(id: string): Promise<void> {
    const record = await this.#read(id);
    const model = modelOf(record);
    const { redis, keys } = this.#jobs;
    const indexes = [
      keys.all(),
      keys.deadlines(),
      ...record.tags.map((tag) => keys.tagged(tag)),
      ...(model === undefined ? [] : [keys.withModel(model)]),
    ];
    const heirs = record.heirOf.map((ancestor) => keys.heirs(ancestor));
    const answer = await remove.run(redis, {
      keys: { ...keys.moving(record.kind, id), committedShards: keys.committedShards(id) },
      args: { id, heirs: heirs.length },
      moreKeys: [...indexes, ...heirs],
    });
    expectAnswer('deleted', answer, id);
  }

  async #end(record: JobRecord, state: 'cancelled' | 'failed', error?: JobError): Promise<unknown> {
    const { id, kind } = record;
    const resting = await this.#restingDeliveries(record);
    const { redis, keys } = this.#jobs;
    const answer = await end.run(redis, {
      keys: { ...keys.moving(kind, id), due: keys.due(), openShards: keys.openShards(id) },
      args: { id, state, error: error ? JSON.stringify(error) : '' },
    });
    if (answer === state) await this.#withdraw(record, resting);
    return answer;
  }

  async #resume(record: JobRecord): Promise<unknown> {
    const { redis, keys, queue } = this.#jobs;
    const { id, state, delivery } = record;
    const isPaused = state === 'paused';
    const resting = isPaused || record.requested !== undefined ? await this.#restingDeliveries(record) : [];
    const shards = resting.flatMap(({ shard, number }) => (shard === undefined ? [] : [{ shard, delivery: number }]));
    return await resume.run(redis, {
      keys: { ...keys.moving(record.kind, id), openShards: keys.openShards(id), ...queue.laneKeys() },
      args: { id, delivery: isPaused ? delivery : '', resting: JSON.stringify(shards) },
      moreArgs: resting.flatMap(({ number, shard }) => queue.delivery(record, number + 1, shard)),
    });
  }

  /** Only so that the places in the queue are right: a delivery that no record wants ends at its claim anyway. */
  async #withdraw({ id, lane }: JobRecord, deliveries: OpenDelivery[]): Promise<void> {
    const names = deliveries.map(({ number, shard }) => deliveryId(id, number, shard));
    await Promise.all(names.map((name) => this.#jobs.queue.withdraw(lane, name)));
  }

  /** The deliveries of a job that no worker has. */
  async #restingDeliveries(record: JobRecord): Promise<OpenDelivery[]> {
    const open = await kindNamed(record.kind).openDeliveries(this.#jobs, record);
    return open.filter(({ isClaimed }) => !isClaimed);
  }

  async #read(id: string): Promise<JobRecord> {
    const record = await readSummary(this.#jobs.redis, this.#jobs.keys.job(id));
    if (!record) throw new JobNotFoundError(id);
    return record;
  }
}

/** Throws what a script's answer says, unless it did what was asked. */
function expectAnswer(asked: string, answer: unknown, id: string): void {
  if (answer === 'missing') throw new JobNotFoundError(id);
  if (answer !== asked) throw new JobStateConflictError(id, String(answer), asked);
}
