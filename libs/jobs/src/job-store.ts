import { type Job, JOB_STATES, type JobKind, type JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ArtifactUse } from './artifact-use.js';
import { type CheckpointPointer, checkpointPointer, KEPT_CHECKPOINTS } from './checkpoint-pointer.js';
import { DeliveryQueue, deliveryId } from './delivery-queue.js';
import { JobNotFoundError, JobsDeletedError } from './errors.js';
import { JobControl } from './job-control.js';
import { type IdempotencyKey, JobCreation } from './job-creation.js';
import type { JobDraft } from './job-draft.js';
import { EVENT_PAGE, type EventPage, readEvents } from './job-events.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { type JobFilter, type JobPage, listJobs } from './job-list.js';
import {
  type ClaimedTrainJob,
  jobOf,
  type JobRecord,
  parseClaimed,
  parseRecord,
  readSummaries,
  readSummary,
} from './job-record.js';
import type { PromptStore } from './prompt-store.js';
import { checkpointsInUse } from './scripts/checkpoints-in-use.js';
import { claim } from './scripts/claim.js';
import { report, startCommitting } from './scripts/report.js';
import { saveCheckpoint } from './scripts/save-checkpoint.js';
import { settle } from './scripts/settle.js';
import { ShardStore } from './shard-store.js';
import {
  type Claimant,
  type HeartbeatAnswer,
  heartbeatAnswer,
  type WorkerOutcome,
  type WorkerReport,
} from './worker-hold.js';

/** How many jobs of one kind are where. */
export interface QueueCounts {
  waiting: number;
  running: number;
  paused: number;
  oldestWaitSeconds: number | null;
}

/** How long and how many finished jobs are kept. */
export interface Retention {
  seconds: number;
  count: number;
}

interface JobStoreOptions {
  redis: Redis;
  prefix?: string;
  maxWaitingJobs?: number;
  maxWaitingBytes?: number;
  promptStore?: PromptStore;
}

/**
 * The jobs: what users see of them, and what workers write. BullMQ only delivers; the record is the truth, and each
 * change of it is one script under the lease token of whoever may make it.
 */
export class JobStore {
  readonly #redis: Redis;
  readonly #keys: JobKeys;
  readonly #queue: DeliveryQueue;
  readonly #creation: JobCreation;
  readonly #control: JobControl;
  readonly #promptStore: PromptStore | undefined;
  /** The shards of generate jobs; a train job is one piece. */
  readonly shards: ShardStore;
  /** Which datasets and models live jobs need. */
  readonly artifacts: ArtifactUse;

  /**
   * `maxWaitingJobs` is how many jobs may be queued or paused, and `maxWaitingBytes` how many bytes their requests may
   * take, wherever they are kept; more are not taken. Without a `promptStore` all prompts are kept in the records.
   */
  constructor({
    redis,
    prefix = DEFAULT_PREFIX,
    maxWaitingJobs: maxJobs = Number.MAX_SAFE_INTEGER,
    maxWaitingBytes: maxBytes = Number.MAX_SAFE_INTEGER,
    promptStore,
  }: JobStoreOptions) {
    this.#redis = redis;
    this.#keys = new JobKeys(prefix);
    this.#queue = new DeliveryQueue(redis, prefix);
    this.#creation = new JobCreation(redis, this.#keys, this.#queue, { maxJobs, maxBytes, promptStore });
    this.#promptStore = promptStore;
    this.#control = new JobControl(redis, this.#keys, this.#queue);
    this.shards = new ShardStore(redis, this.#keys, this.#queue);
    this.artifacts = new ArtifactUse(redis, this.#keys);
  }

  /**
   * Makes the jobs, records and deliveries in one transaction: all of them or none. Under an idempotency key that is
   * known it returns the jobs that were made first, without those that were deleted since. Several are returned as lists
   * return them. Throws `QueueFullError`, `DeadlinePassedError`, `IdempotencyConflictError`, {@link JobsDeletedError} if
   * all that were made first are deleted, {@link JobNotFoundError} if a job that one of them continues was deleted, and
   * `ArtifactDeletedError` if a dataset or model that one of them needs was.
   */
  async create(drafts: JobDraft[], idempotency?: IdempotencyKey): Promise<Job[]> {
    const answer = await this.#creation.create(drafts, idempotency);
    if ('ids' in answer) return await this.#getRemaining(answer.ids);
    const [only, ...others] = answer.made;
    return only && others.length === 0 ? [await this.#getCreated(only.id)] : answer.made;
  }

  /**
   * The jobs that were made under an idempotency key, without those that were deleted since; `undefined` if none were made.
   * Throws `IdempotencyConflictError`, and {@link JobsDeletedError} if all of them are deleted.
   */
  async answered(idempotency: IdempotencyKey): Promise<Job[] | undefined> {
    const ids = await this.#creation.answered(idempotency);
    return ids && (await this.#getRemaining(ids));
  }

  /**
   * The job, or `undefined` if there is none. Its request has the prompts that came with it, wherever they are kept; they
   * are left out if they are no longer stored.
   */
  async get(id: string): Promise<Job | undefined> {
    const hash = await this.#redis.hgetall(this.#keys.job(id));
    if (hash['id'] === undefined) return undefined;
    const record = parseRecord(hash);
    const stored = record.promptsAt === 'storage' ? await this.#promptStore?.read(id) : undefined;
    const prompts = stored === undefined ? {} : { prompts: stored };
    return jobOf({ ...record, ...prompts }, await this.#queuePosition(record));
  }

  /** The job as lists show it, without its prompts and its place in the queue, or `undefined` if there is none. */
  async summary(id: string): Promise<Job | undefined> {
    const record = await readSummary(this.#redis, this.#keys.job(id));
    return record && jobOf(record, null);
  }

  /** Jobs, newest first. Throws `InvalidCursorError`. */
  async list(filter: JobFilter): Promise<JobPage> {
    return await listJobs(this.#redis, this.#keys, filter);
  }

  /**
   * Cancels a job for good; one that is cancelled already stays so.
   * Throws {@link JobNotFoundError}, and `JobStateConflictError` where it ended or is publishing its result.
   */
  async cancel(id: string): Promise<Job> {
    await this.#control.cancel(id);
    return await this.#getCreated(id);
  }

  /**
   * Pauses a job: at once where it waits, and otherwise as soon as its workers have kept what they can go on from; until
   * then it shows what is asked. One that is paused stays so.
   * Throws {@link JobNotFoundError}, and `JobStateConflictError` where it ended or is publishing its result.
   */
  async pause(id: string): Promise<Job> {
    await this.#control.pause(id);
    return await this.#getCreated(id);
  }

  /**
   * Queues a paused job again, or takes back that a running one is to pause; one that runs or is queued stays so.
   * Throws {@link JobNotFoundError}, and `JobStateConflictError` where it ended.
   */
  async resume(id: string): Promise<Job> {
    await this.#control.resume(id);
    return await this.#getCreated(id);
  }

  /**
   * Removes a finished job: its record, its events and all that Redis has of it. Its output, and those of its checkpoints
   * that are not in {@link JobStore.checkpointsInUse}, are left to be removed.
   * Throws {@link JobNotFoundError}, and `JobStateConflictError` where it has not ended.
   */
  async remove(id: string): Promise<void> {
    await this.#control.remove(id);
  }

  /** The keys of all checkpoints that a job, or one that went on from its checkpoints, points to. */
  async checkpointsInUse(id: string): Promise<Set<string>> {
    const answer = await checkpointsInUse.run(this.#redis, [this.#keys.heirs(id)], [id, this.#keys.job('')]);
    const lists = z.array(z.string()).parse(answer);
    return new Set(lists.flatMap((list) => parsePointers(list).map(({ key }) => key)));
  }

  /** Which of these jobs are not there. */
  async missing(ids: string[]): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => this.#redis.exists(this.#keys.job(id))));
    return ids.filter((_, place) => found[place] === 0);
  }

  /**
   * Some of the finished jobs that are to be forgotten, the longest finished first: those that ended longer ago than
   * `seconds`, and those beyond the newest `count`.
   */
  async outlived({ seconds, count, limit }: Retention & { limit: number }): Promise<string[]> {
    const [[now], finished] = await Promise.all([this.#redis.time(), this.#redis.zcard(this.#keys.finished())]);
    const before = (Number(now) - seconds) * 1000;
    const old = await this.#redis.zrangebyscore(this.#keys.finished(), '-inf', before, 'LIMIT', 0, limit);
    const surplus = Math.min(limit, finished - count);
    return surplus > old.length ? await this.#redis.zrange(this.#keys.finished(), '0', String(surplus - 1)) : old;
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
    const answer = await claim.run(
      this.#redis,
      [
        ...this.#keys.moving(kind, id),
        this.#keys.due(),
        `${this.#queue.deliveryKey(kind, deliveryId(id, by.delivery))}:lock`,
      ],
      [id, by.delivery, by.token, by.worker, by.lock ?? ''],
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
      [token, sequence, progress ? JSON.stringify(progress) : '', ...events.map((event) => JSON.stringify(event))],
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
      [token, key, step, KEPT_CHECKPOINTS],
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
    const result = outcome.state === 'succeeded' ? outcome.result : undefined;
    const made = result && 'model' in result ? [this.#keys.withModel(result.model)] : [];
    const answer = await settle.run(
      this.#redis,
      [...this.#keys.moving('train', id), this.#keys.due(), ...made],
      [id, token, failed?.retryable ? 'retry' : outcome.state, JSON.stringify(failed ?? result ?? {}), Math.random()],
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
  async #queuePosition({ id, kind, lane, state, delivery }: JobRecord): Promise<number | null> {
    if (state !== 'queued') return null;
    const deliveries = kind === 'train' ? [deliveryId(id, delivery)] : await this.shards.openDeliveries(id);
    const waiting = this.#queue.waitingKey(lane);
    const places = await Promise.all(deliveries.map((each) => this.#redis.zrank(waiting, each)));
    const first = Math.min(...places.map((place) => place ?? Infinity));
    return Number.isFinite(first) ? first : null;
  }

  /** Those of the jobs that still exist: of one job all of it, several as lists show them. */
  async #getRemaining(ids: string[]): Promise<Job[]> {
    const [only, ...others] = ids;
    const names = ids.map((id) => this.#keys.job(id));
    const found =
      only !== undefined && others.length === 0
        ? [await this.get(only)]
        : (await readSummaries(this.#redis, names)).map((record) => record && jobOf(record, null));
    const remaining = found.filter((job) => job !== undefined);
    if (remaining.length === 0) throw new JobsDeletedError(ids);
    return remaining;
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
