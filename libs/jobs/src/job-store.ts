import type { Redis } from 'ioredis';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import { type CheckpointPointer, checkpointPointer, KEPT_CHECKPOINTS } from './checkpoint-pointer.js';
import { DeliveryQueue, deliveryId } from './delivery-queue.js';
import { JobNotFoundError, JobStateConflictError } from './errors.js';
import type { GenerateProgress, GenerateResult, Job, JobError, JobKind, TrainProgress, TrainResult } from './job.js';
import type { JobEvent } from './job-event.js';
import { EVENT_PAGE, type EventPage, readEvents } from './job-events.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { type JobFilter, type JobPage, listJobs } from './job-list.js';
import { type ClaimedJob, jobOf, parseClaimed, parseRecord, requestFields } from './job-record.js';
import { JOB_STATES, type JobState, statesBefore } from './job-state.js';
import type { GenerateRequest, TrainRequest } from './requests.js';
import { cancel } from './scripts/cancel.js';
import { claim } from './scripts/claim.js';
import { create } from './scripts/create.js';
import { report, startCommitting } from './scripts/report.js';
import { saveCheckpoint } from './scripts/save-checkpoint.js';
import { settle } from './scripts/settle.js';

/** About how many events a job's stream keeps; older ones are trimmed, and followers are told of the gap. */
const STREAM_CAP = 20_000;

const LOST_WORKER: JobError = {
  code: 'worker_lost',
  message: 'the worker that had the job stopped answering',
  retryable: true,
};

interface TrainDraft {
  kind: 'train';
  request: TrainRequest;
  /** Checkpoints of another job that this one goes on from, newest first. */
  checkpoints?: CheckpointPointer[];
}

/** A job that is to be. */
export type JobDraft = (TrainDraft | { kind: 'generate'; request: GenerateRequest }) & {
  /** Whose job it is. */
  tenant?: string;
  /** The job that this one makes again. */
  retryOf?: string;
};

export type JobProgress = TrainProgress | GenerateProgress;

/** How a worker's hold on a job ends. */
export type JobOutcome =
  | { state: 'succeeded'; result: TrainResult | GenerateResult }
  /** One attempt is spent; unless it was the last, or the error is not retryable, the job runs again after a back-off. */
  | { state: 'failed'; error: JobError }
  /** The worker must stop; nothing is spent, and the same delivery goes back to its queue. */
  | { state: 'handed-back' };

/** How many jobs of one kind are where. */
export interface QueueCounts {
  waiting: number;
  running: number;
  paused: number;
  oldestWaitSeconds: number | null;
}

/**
 * The jobs: what users see of them, and what workers write. BullMQ only delivers; the record is the truth, and each
 * change of it is one script under the lease token of whoever may make it.
 */
export class JobStore {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;
  readonly #newUlid = monotonicFactory();

  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
    this.#queue = new DeliveryQueue(redis, prefix);
  }

  /** Makes the jobs, records and deliveries in one transaction: all of them or none. */
  async create(drafts: JobDraft[]): Promise<Job[]> {
    const transaction = await this.#queue.transaction();
    const ids = drafts.map((draft) => {
      const id = `job_${this.#newUlid()}`;
      const { kind, request } = draft;
      const fields: Record<string, string | number> = {
        id,
        kind,
        state: 'queued' satisfies JobState,
        ...requestFields(request),
        spent: 0,
        maxAttempts: request.maxAttempts,
        priority: request.priority,
        tags: JSON.stringify(request.tags),
        tenant: draft.tenant ?? 'default',
        delivery: 1,
        ...(draft.kind === 'generate' ? { model: draft.request.model } : inheritedFields(draft)),
        ...(draft.retryOf === undefined ? {} : { retryOf: draft.retryOf }),
      };
      const keys = [this.#keys.job(id), this.#keys.all(), this.#keys.inState(kind, 'queued')];
      transaction.runCommand('eval', [create.text, keys.length, ...keys, id, ...Object.entries(fields).flat()]);
      this.#queue.release(transaction, { id, kind, priority: request.priority }, 1);
      return id;
    });
    const answers = await transaction.exec();
    for (const [error] of answers ?? []) if (error) throw error;
    return await Promise.all(ids.map((id) => this.#getCreated(id)));
  }

  /** The job, or `undefined` where there is none. */
  async get(id: string): Promise<Job | undefined> {
    const hash = await this.#redis.hgetall(this.#keys.job(id));
    if (hash['id'] === undefined) return undefined;
    const record = parseRecord(hash);
    const position =
      record.state === 'queued'
        ? await this.#redis.zrank(this.#queue.waitingKey(record.kind), deliveryId(id, record.delivery))
        : null;
    return jobOf(record, position);
  }

  /** Jobs, newest first. Throws `InvalidCursorError`. */
  async list(filter: JobFilter): Promise<JobPage> {
    return await listJobs(this.#redis, this.#keys, filter);
  }

  /**
   * Cancels a job for good; one that is cancelled already stays so.
   * Throws {@link JobNotFoundError}, and {@link JobStateConflictError} where it ended or is publishing its result.
   */
  async cancel(id: string): Promise<Job> {
    const job = await this.#getCreated(id);
    const from = statesBefore('cancelled');
    const answer = await cancel.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        this.#keys.inState(job.kind, 'cancelled'),
        this.#keys.due(),
        ...from.map((state) => this.#keys.inState(job.kind, state)),
      ],
      [id, STREAM_CAP, from.join(',')],
    );
    if (answer === 'missing') throw new JobNotFoundError(id);
    if (answer !== 'cancelled') throw new JobStateConflictError(id, String(answer), 'cancelled');
    // Only so that the places in the queue are right: a delivery of a cancelled job ends at its claim anyway.
    const number = await this.#redis.hget(this.#keys.job(id), 'delivery');
    if (job.state === 'queued' && number) await this.#queue.withdraw(job.kind, deliveryId(id, Number(number)));
    return await this.#getCreated(id);
  }

  /** How many jobs of a kind are where, and how long the oldest has waited. */
  async queueCounts(kind: JobKind): Promise<QueueCounts> {
    const count = (state: JobState) => this.#redis.zcard(this.#keys.inState(kind, state));
    const [waiting, running, paused, [oldest], [seconds]] = await Promise.all([
      count('queued'),
      count('running'),
      count('paused'),
      this.#redis.zrange(this.#keys.inState(kind, 'queued'), '0', '0'),
      this.#redis.time(),
    ]);
    const createdAt = oldest === undefined ? null : await this.#redis.hget(this.#keys.job(oldest), 'createdAt');
    const waited = createdAt ? Math.max(0, Number(seconds) - Number(createdAt) / 1000) : null;
    return { waiting, running, paused, oldestWaitSeconds: waited };
  }

  /**
   * Takes the job for a worker under a new lease token, if its record wants to run and `delivery` is its newest
   * delivery; else gives `undefined`. A job that another worker left running is taken over, and an attempt spent.
   * With `lock`, the delivery's, only while BullMQ still holds the delivery locked for this worker.
   */
  async claim(
    id: string,
    by: { delivery: number; token: string; worker: string; lock?: string },
  ): Promise<ClaimedJob | undefined> {
    const kind = await this.#redis.hget(this.#keys.job(id), 'kind');
    if (kind !== 'train' && kind !== 'generate') return undefined;
    const waitingStates = statesBefore('running').join(',');
    const answer = await claim.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        ...(['queued', 'running', 'failed'] as const).map((state) => this.#keys.inState(kind, state)),
        this.#keys.due(),
        `${this.#queue.deliveryKey(kind, deliveryId(id, by.delivery))}:lock`,
      ],
      [id, by.delivery, by.token, by.worker, waitingStates, STREAM_CAP, JSON.stringify(LOST_WORKER), by.lock ?? ''],
    );
    if (!Array.isArray(answer)) return undefined;
    const hash: Record<string, string> = {};
    for (let i = 0; i + 1 < answer.length; i += 2) hash[String(answer[i])] = String(answer[i + 1]);
    return parseClaimed(hash);
  }

  /** A worker's heartbeat, with what it has to say. A sequence number counts once, however often it arrives. */
  async report(
    id: string,
    token: string,
    sequence: number,
    { progress, events = [] }: { progress?: JobProgress; events?: JobEvent[] },
  ): Promise<{ held: boolean; requested: 'pause' | null }> {
    const answer = await report.run(
      this.#redis,
      [this.#keys.job(id), this.#keys.events(id)],
      [
        token,
        sequence,
        progress ? JSON.stringify(progress) : '',
        STREAM_CAP,
        ...events.map((event) => JSON.stringify(event)),
      ],
    );
    const [held, requested] = Array.isArray(answer) ? answer : [0, ''];
    return { held: held === 1, requested: requested === 'pause' ? 'pause' : null };
  }

  /**
   * Points the record to a train job's newest checkpoint, whose files must be there, and tells of it. Attempts spent
   * are given back where the step passes the furthest one checkpointed. Gives whether the token holds the job, and
   * where it does the checkpoints that the record points to now, newest first; no others are ever gone on from.
   */
  async saveCheckpoint(
    id: string,
    token: string,
    { key, step }: CheckpointPointer,
  ): Promise<{ held: boolean; checkpoints: CheckpointPointer[] }> {
    const answer = await saveCheckpoint.run(
      this.#redis,
      [this.#keys.job(id), this.#keys.events(id)],
      [token, key, step, KEPT_CHECKPOINTS, STREAM_CAP],
    );
    return typeof answer === 'string'
      ? { held: true, checkpoints: parsePointers(answer) }
      : { held: false, checkpoints: [] };
  }

  /** The checkpoints that a train job can be gone on from, newest first. */
  async checkpoints(id: string): Promise<CheckpointPointer[]> {
    return parsePointers((await this.#redis.hget(this.#keys.job(id), 'checkpoints')) ?? '[]');
  }

  /** Marks that the result is about to be published, after which a cancel comes too late. Gives whether the token holds the job. */
  async startCommitting(id: string, token: string): Promise<boolean> {
    return (await startCommitting.run(this.#redis, [this.#keys.job(id)], [token])) === 1;
  }

  /** Ends a worker's hold. Gives the state the job came into, or `undefined` where the token does not hold it. */
  async settle(kind: JobKind, id: string, token: string, outcome: JobOutcome): Promise<JobState | undefined> {
    const failed = outcome.state === 'failed' ? outcome.error : undefined;
    const said = failed ?? (outcome.state === 'succeeded' ? outcome.result : {});
    const answer = await settle.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        ...(['running', 'queued', 'succeeded', 'failed'] as const).map((state) => this.#keys.inState(kind, state)),
        this.#keys.due(),
      ],
      [id, token, failed?.retryable ? 'retry' : outcome.state, JSON.stringify(said), Math.random(), STREAM_CAP],
    );
    return JOB_STATES.find((state) => state === answer);
  }

  /** Up to `count` events after `after` (`0` is the start), with a gap where older ones were trimmed. */
  async readEvents(id: string, after: string, count = EVENT_PAGE): Promise<EventPage> {
    return await readEvents(this.#redis, this.#keys, id, after, count);
  }

  /** Ends what the store itself opened; the connection stays its owner's. */
  async close(): Promise<void> {
    await this.#queue.close();
  }

  async #getCreated(id: string): Promise<Job> {
    const job = await this.get(id);
    if (!job) throw new JobNotFoundError(id);
    return job;
  }
}

function parsePointers(text: string): CheckpointPointer[] {
  return z.array(checkpointPointer).parse(JSON.parse(text));
}

/** The fields that hand another job's checkpoints to a new record. */
function inheritedFields({ checkpoints = [] }: TrainDraft): Record<string, string | number> {
  const newest = checkpoints[0];
  return newest ? { checkpoints: JSON.stringify(checkpoints), furthestStep: newest.step } : {};
}
