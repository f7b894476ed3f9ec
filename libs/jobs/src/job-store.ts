import type { Redis } from 'ioredis';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import { type CheckpointPointer, checkpointPointer, KEPT_CHECKPOINTS } from './checkpoint-pointer.js';
import { DeliveryQueue, deliveryId } from './delivery-queue.js';
import { JobNotFoundError, JobStateConflictError } from './errors.js';
import type { Job, JobKind } from './job.js';
import { EVENT_PAGE, type EventPage, readEvents, STREAM_CAP } from './job-events.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { type JobFilter, type JobPage, listJobs } from './job-list.js';
import { type ClaimedTrainJob, jobOf, type JobRecord, parseClaimed, parseRecord, requestFields } from './job-record.js';
import { JOB_STATES, type JobState, statesBefore } from './job-state.js';
import type { GenerateRequest, TrainRequest } from './requests.js';
import { cancel } from './scripts/cancel.js';
import { claim } from './scripts/claim.js';
import { create } from './scripts/create.js';
import { report, startCommitting } from './scripts/report.js';
import { saveCheckpoint } from './scripts/save-checkpoint.js';
import { settle } from './scripts/settle.js';
import { FIRST_ENTRY } from './shard-entry.js';
import { planShards } from './shard-plan.js';
import { ShardStore } from './shard-store.js';
import {
  type Claimant,
  type HeartbeatAnswer,
  heartbeatAnswer,
  LOST_WORKER,
  type WorkerOutcome,
  type WorkerReport,
} from './worker-hold.js';

interface TrainDraft {
  kind: 'train';
  request: TrainRequest;
  /** Checkpoints of another job that this one goes on from, newest first. */
  checkpoints?: CheckpointPointer[];
}

interface GenerateDraft {
  kind: 'generate';
  request: GenerateRequest;
  /** How many prompts the request has, or the dataset that it names. */
  promptCount: number;
}

/** A job that is to be. */
export type JobDraft = (TrainDraft | GenerateDraft) & {
  /** Whose job it is. */
  tenant?: string;
  /** The job that this one makes again. */
  retryOf?: string;
};

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
  /** The shards of generate jobs; a train job is one piece. */
  readonly shards: ShardStore;

  constructor({ redis, prefix = DEFAULT_PREFIX }: { redis: Redis; prefix?: string }) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
    this.#queue = new DeliveryQueue(redis, prefix);
    this.shards = new ShardStore(redis, this.#keys, this.#queue);
  }

  /** Makes the jobs, records and deliveries in one transaction: all of them or none. */
  async create(drafts: JobDraft[]): Promise<Job[]> {
    const workers = await this.#redis.zcard(this.#keys.workers());
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
        ...(draft.kind === 'generate' ? shardFields(draft, workers) : inheritedFields(draft)),
        ...(draft.retryOf === undefined ? {} : { retryOf: draft.retryOf }),
      };
      const open = Number(fields['reserved'] ?? 0);
      const keys = [
        this.#keys.job(id),
        this.#keys.all(),
        this.#keys.inState(kind, 'queued'),
        this.#keys.openShards(id),
      ];
      const values = [id, open, FIRST_ENTRY, ...Object.entries(fields).flat()];
      transaction.runCommand('eval', [create.text, keys.length, ...keys, ...values]);
      const job = { id, kind, priority: request.priority };
      if (kind === 'train') this.#queue.release(transaction, job, 1);
      for (let shard = 0; shard < open; shard += 1) this.#queue.release(transaction, job, 1, shard);
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
    return jobOf(record, await this.#queuePosition(record));
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
    const tickets = await this.shards.openDeliveries(id);
    const from = statesBefore('cancelled');
    const answer = await cancel.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        this.#keys.inState(job.kind, 'cancelled'),
        this.#keys.due(),
        this.#keys.openShards(id),
        ...from.map((state) => this.#keys.inState(job.kind, state)),
      ],
      [id, STREAM_CAP, from.join(',')],
    );
    if (answer === 'missing') throw new JobNotFoundError(id);
    if (answer !== 'cancelled') throw new JobStateConflictError(id, String(answer), 'cancelled');
    // Only so that the places in the queue are right: a delivery of a cancelled job ends at its claim anyway.
    const number = await this.#redis.hget(this.#keys.job(id), 'delivery');
    const deliveries = job.kind === 'train' && job.state === 'queued' ? [deliveryId(id, Number(number))] : tickets;
    await Promise.all(deliveries.map((delivery) => this.#queue.withdraw(job.kind, delivery)));
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
   * Takes a train job for a worker under a new lease token, if its record wants to run and `delivery` is its newest
   * delivery; else gives `undefined`. A job that another worker left running is taken over, and an attempt spent.
   */
  async claim(id: string, by: Claimant): Promise<ClaimedTrainJob | undefined> {
    const kind = 'train';
    if ((await this.#redis.hget(this.#keys.job(id), 'kind')) !== kind) return undefined;
    const waitingStates = statesBefore('running').join(',');
    const answer = await claim.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        ...(['queued', 'running', 'paused', 'failed'] as const).map((state) => this.#keys.inState(kind, state)),
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
    { progress, events = [] }: WorkerReport,
  ): Promise<HeartbeatAnswer> {
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
    return heartbeatAnswer(answer);
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

  /** Ends a worker's hold on a train job. Gives the state it came into, or `undefined` where the token does not hold it. */
  async settle(id: string, token: string, outcome: WorkerOutcome): Promise<JobState | undefined> {
    const failed = outcome.state === 'failed' ? outcome.error : undefined;
    const said = failed ?? (outcome.state === 'succeeded' ? outcome.result : {});
    const answer = await settle.run(
      this.#redis,
      [
        this.#keys.job(id),
        this.#keys.events(id),
        ...(['running', 'queued', 'paused', 'succeeded', 'failed'] as const).map((state) => this.#keys.inState('train', state)),
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

  /** How many deliveries are before the job's first, while it is queued. */
  async #queuePosition({ id, kind, state, delivery }: JobRecord): Promise<number | null> {
    if (state !== 'queued') return null;
    const deliveries = kind === 'train' ? [deliveryId(id, delivery)] : await this.shards.openDeliveries(id);
    const waiting = this.#queue.waitingKey(kind);
    const places = await Promise.all(deliveries.map((each) => this.#redis.zrank(waiting, each)));
    const first = Math.min(...places.map((place) => place ?? Infinity));
    return Number.isFinite(first) ? first : null;
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

/** The fields of a job in shards, of which about twice as many are open at once as workers are there. */
function shardFields({ request, promptCount }: GenerateDraft, workers: number): Record<string, string | number> {
  const { shards, promptsPerShard } = planShards({ ...request, promptCount });
  const open = Math.min(shards, Math.max(2, 2 * workers));
  return {
    model: request.model,
    promptCount,
    promptsPerShard,
    shards,
    reserved: open,
    width: open,
    total: promptCount * request.samples,
    done: 0,
    failed: 0,
    tokens: 0,
  };
}

/** The fields that hand another job's checkpoints to a new record. */
function inheritedFields({ checkpoints = [] }: TrainDraft): Record<string, string | number> {
  const newest = checkpoints[0];
  return newest ? { checkpoints: JSON.stringify(checkpoints), furthestStep: newest.step } : {};
}
