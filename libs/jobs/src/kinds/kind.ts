import type { Job, JobError, JobEvent, JobKind, TrainProgress, TrainResult } from '@glyphmill/contract';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { NamedArtifact } from '../records/artifacts.js';
import type { JobRecord, NewRecord } from '../records/job-record.js';
import type { Lane } from '../records/lane.js';
import type { ShardProgress, ShardResult } from '../records/shard-entry.js';
import type { ClaimedJobs } from './claimed-job.js';
import type { JobDrafts } from './job-draft.js';

/** One of the deliveries that a job has while it is not finished. */
export interface OpenDelivery {
  /** Which of the deliveries of the job, or of the shard, it is. */
  number: number;
  /** The shard whose ticket it is; left out for a job that is one piece. */
  shard?: number;
  /** Whether a worker has claimed it. */
  isClaimed: boolean;
}

/** Who claims a job, or a shard of one. */
export interface Claimant {
  /** The number of the delivery that brought it here. */
  delivery: number;
  /** The shard that the delivery is a ticket of. */
  shard?: number | undefined;
  /** The lease token that it is to be held by. */
  token: string;
  worker: string;
  /** BullMQ's lock of the delivery; if it is given, the claim succeeds only while it is still the worker's. */
  lock?: string;
  /** The lane that the delivery came by. */
  lane: Lane;
}

/** What a worker says with a heartbeat; of a shard it says how far the shard is. */
export interface WorkerReport {
  progress?: TrainProgress | ShardProgress;
  events?: JobEvent[];
}

/**
 * What the answer to a heartbeat says: whether the token still holds, and what is asked of the worker. One that is asked
 * to pause saves what it can resume from, and settles as `paused`.
 */
export interface HeartbeatAnswer {
  held: boolean;
  requested: 'pause' | null;
}

/** What a worker's work returns: the result of a train job, or the counts of a shard and what it ran on. */
export interface WorkerResults {
  train: TrainResult;
  generate: ShardResult;
}

/** How a worker's hold on a job, or on a shard of one, ends. */
export type WorkerOutcome<Kind extends JobKind = JobKind> =
  | { state: 'succeeded'; result: WorkerResults[Kind] }
  /** One attempt is spent; unless it was the last, or the error is not retryable, it is retried after a back-off. */
  | { state: 'failed'; error: JobError }
  /** The worker must stop; nothing is spent, and the same delivery goes back to its queue. */
  | { state: 'handed-back' }
  /**
   * The worker was asked to pause; nothing is spent. The settling returns `paused`, and the delivery ends; or `queued`
   * if the pause was withdrawn meanwhile, and the delivery must go back to its queue (`HandBack`).
   */
  | { state: 'paused' };

/** What is of a job's kind in what users see of it. */
type JobViews = {
  [Name in JobKind]: Pick<Extract<Job, { kind: Name }>, 'kind' | 'request' | 'progress' | 'result'>;
};

/** What differs between the kinds of jobs: how one is cut into deliveries, and what a worker's hold on one writes. */
export interface Kind<Name extends JobKind> {
  /** The lanes in which its jobs wait. */
  readonly lanes: readonly Lane[];
  /** The lane in which the deliveries of a job wait. */
  laneOf(draft: JobDrafts[Name]): Lane;
  /** The datasets and models that a job needs until it ends. */
  artifactsOf(request: object): NamedArtifact[];
  /** The fields of a new record that only this kind has. `workers` is how many workers there are. */
  ownFields(draft: JobDrafts[Name], workers: number): NewRecord;
  /** A record's request, progress and result, as users see them. */
  view(record: JobRecord): JobViews[Name];
  /** The deliveries of a job that is not finished. */
  openDeliveries(jobs: JobsInRedis, record: JobRecord): Promise<OpenDelivery[]>;
  /** Replaces a delivery by the next one, if it is due or BullMQ no longer knows it. Returns whether it did. */
  release(jobs: JobsInRedis, record: JobRecord, delivery: OpenDelivery, why: 'due' | 'lost'): Promise<boolean>;
  /** See `JobClaims.claim`. */
  claim(jobs: JobsInRedis, id: string, by: Claimant): Promise<ClaimedJobs[Name] | undefined>;
  /** See `Hold.report`. */
  report(
    jobs: JobsInRedis,
    job: ClaimedJobs[Name],
    token: string,
    said: { sequence: number; progress: string; events: string[] },
  ): Promise<unknown>;
  /** See `Hold.settle`. Returns what the script answered. */
  settle(jobs: JobsInRedis, job: ClaimedJobs[Name], token: string, outcome: WorkerOutcome<Name>): Promise<unknown>;
}
