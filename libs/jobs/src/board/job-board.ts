import type { Job, JobKind, JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ArtifactUse } from './artifact-use.js';
import { type CheckpointPointer, parsePointers } from '../records/checkpoint-pointer.js';
import { deliveryId } from '../deliveries/delivery-queue.js';
import { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { JobDraft } from '../kinds/job-draft.js';
import { kindNamed } from '../kinds/kinds.js';
import { JobNotFoundError, JobsDeletedError } from './errors.js';
import { JobControl } from './job-control.js';
import { type IdempotencyKey, JobCreation } from './job-creation.js';
import { EVENT_PAGE, type EventPage, readEvents } from '../records/job-events.js';
import { type JobFilter, type JobPage, listJobs } from './job-list.js';
import { type JobRecord, parseRecord, readSummaries, readSummary } from '../records/job-record.js';
import { jobOf } from './job-view.js';
import type { PromptStore } from '../records/prompt-store.js';
import { checkpointsInUse } from '../scripts/checkpoints-in-use.js';

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

interface JobBoardOptions {
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
export class JobBoard {
  readonly #jobs: JobsInRedis;
  readonly #creation: JobCreation;
  readonly #control: JobControl;
  readonly #promptStore: PromptStore | undefined;
  /** Which datasets and models live jobs need. */
  readonly artifacts: ArtifactUse;

  /**
   * `maxWaitingJobs` is how many jobs may be queued or paused, and `maxWaitingBytes` how many bytes their requests may
   * take, wherever they are kept; more are not taken. Without a `promptStore` all prompts are kept in the records.
   */
  constructor({
    redis,
    prefix,
    maxWaitingJobs: maxJobs = Number.MAX_SAFE_INTEGER,
    maxWaitingBytes: maxBytes = Number.MAX_SAFE_INTEGER,
    promptStore,
  }: JobBoardOptions) {
    this.#jobs = new JobsInRedis(redis, prefix);
    this.#creation = new JobCreation(this.#jobs, { maxJobs, maxBytes, promptStore });
    this.#promptStore = promptStore;
    this.#control = new JobControl(this.#jobs);
    this.artifacts = new ArtifactUse(this.#jobs);
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
    const hash = await this.#jobs.redis.hgetall(this.#jobs.keys.job(id));
    if (hash['id'] === undefined) return undefined;
    const record = parseRecord(hash);
    const stored = record.promptsAt === 'storage' ? await this.#promptStore?.read(id) : undefined;
    const prompts = stored === undefined ? {} : { prompts: stored };
    return jobOf({ ...record, ...prompts }, await this.#queuePosition(record));
  }

  /** The job as lists show it, without its prompts and its place in the queue, or `undefined` if there is none. */
  async summary(id: string): Promise<Job | undefined> {
    const record = await readSummary(this.#jobs.redis, this.#jobs.keys.job(id));
    return record && jobOf(record, null);
  }

  /** Jobs, newest first. Throws `InvalidCursorError`. */
  async list(filter: JobFilter): Promise<JobPage> {
    return await listJobs(this.#jobs.redis, this.#jobs.keys, filter);
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
   * Pauses a job: at once where it waits, and otherwise as soon as its workers have kept what they can continue from; until
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
   * that are not in {@link JobBoard.checkpointsInUse}, are left to be removed.
   * Throws {@link JobNotFoundError}, and `JobStateConflictError` where it has not ended.
   */
  async remove(id: string): Promise<void> {
    await this.#control.remove(id);
  }

  /** The keys of all checkpoints that a job, or one that continued from its checkpoints, points to. */
  async checkpointsInUse(id: string): Promise<Set<string>> {
    const { redis, keys } = this.#jobs;
    const answer = await checkpointsInUse.run(redis, {
      keys: { heirs: keys.heirs(id) },
      args: { id, records: keys.job('') },
    });
    const lists = z.array(z.string()).parse(answer);
    return new Set(lists.flatMap((list) => parsePointers(list).map(({ key }) => key)));
  }

  /** Which of these jobs are not there. */
  async missing(ids: string[]): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => this.#jobs.redis.exists(this.#jobs.keys.job(id))));
    return ids.filter((_, place) => found[place] === 0);
  }

  /**
   * Some of the finished jobs that are to be forgotten, the longest finished first: those that ended longer ago than
   * `seconds`, and those beyond the newest `count`.
   */
  async outlived({ seconds, count, limit }: Retention & { limit: number }): Promise<string[]> {
    const [[now], finished] = await Promise.all([
      this.#jobs.redis.time(),
      this.#jobs.redis.zcard(this.#jobs.keys.finished()),
    ]);
    const before = (Number(now) - seconds) * 1000;
    const old = await this.#jobs.redis.zrangebyscore(this.#jobs.keys.finished(), '-inf', before, 'LIMIT', 0, limit);
    const surplus = Math.min(limit, finished - count);
    return surplus > old.length
      ? await this.#jobs.redis.zrange(this.#jobs.keys.finished(), '0', String(surplus - 1))
      : old;
  }

  /** How many jobs of a kind are where, and how long the oldest has waited. */
  async queueCounts(kind: JobKind): Promise<QueueCounts> {
    const count = (state: JobState) => this.#jobs.redis.zcard(this.#jobs.keys.inState(kind, state));
    const [waiting, running, paused, [oldest], [seconds]] = await Promise.all([
      count('queued'),
      count('running'),
      count('paused'),
      this.#jobs.redis.zrange(this.#jobs.keys.inState(kind, 'queued'), '0', '0'),
      this.#jobs.redis.time(),
    ]);
    const createdAt =
      oldest === undefined ? null : await this.#jobs.redis.hget(this.#jobs.keys.job(oldest), 'createdAt');
    const waited = createdAt ? Math.max(0, Number(seconds) - Number(createdAt) / 1000) : null;
    return { waiting, running, paused, oldestWaitSeconds: waited };
  }

  /** The checkpoints that a train job can be continued from, newest first. */
  async checkpoints(id: string): Promise<CheckpointPointer[]> {
    return parsePointers((await this.#jobs.redis.hget(this.#jobs.keys.job(id), 'checkpoints')) ?? '[]');
  }

  /** Up to `count` events after `after` (`0` is the start), with a gap where older ones were trimmed. */
  async readEvents(id: string, after: string, count = EVENT_PAGE): Promise<EventPage> {
    return await readEvents(this.#jobs.redis, this.#jobs.keys, id, after, count);
  }

  /** Ends what the store itself opened; the connection stays its owner's. */
  async close(): Promise<void> {
    await this.#jobs.close();
  }

  /** How many deliveries are before the job's first, while it is queued. */
  async #queuePosition(record: JobRecord): Promise<number | null> {
    if (record.state !== 'queued') return null;
    const { redis, queue } = this.#jobs;
    const open = await kindNamed(record.kind).openDeliveries(this.#jobs, record);
    const names = open.map(({ number, shard }) => deliveryId(record.id, number, shard));
    const waiting = queue.waitingKey(record.lane);
    const places = await Promise.all(names.map((name) => redis.zrank(waiting, name)));
    const first = Math.min(...places.map((place) => place ?? Infinity));
    return Number.isFinite(first) ? first : null;
  }

  /** Those of the jobs that still exist: of one job all of it, several as lists show them. */
  async #getRemaining(ids: string[]): Promise<Job[]> {
    const [only, ...others] = ids;
    const names = ids.map((id) => this.#jobs.keys.job(id));
    const found =
      only !== undefined && others.length === 0
        ? [await this.get(only)]
        : (await readSummaries(this.#jobs.redis, names)).map((record) => record && jobOf(record, null));
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
