import type { JobError, JobEvent, JobKind, TrainProgress, TrainResult } from '@glyphmill/contract';
import type { Lane } from './lane.js';
import type { ShardProgress, ShardResult } from './shard-entry.js';

/** Who claims a job, or a shard of one. */
export interface Claimant {
  /** The number of the delivery that brought it here. */
  delivery: number;
  /** The lease token that it is to be held by. */
  token: string;
  worker: string;
  /** BullMQ's lock of the delivery; where it is given, the claim succeeds only while it is still the worker's. */
  lock?: string;
  /** The lane that the delivery came by; where it is left out, the one of the kind's name. */
  lane?: Lane;
}

/** What a worker says with a heartbeat; of a shard it says how far the shard is. */
export interface WorkerReport {
  progress?: TrainProgress | ShardProgress;
  events?: JobEvent[];
}

/**
 * What the answer to a heartbeat says: whether the token still holds, and what is asked of the worker. One that is asked
 * to pause keeps what it can go on from, and settles as `paused`.
 */
export interface HeartbeatAnswer {
  held: boolean;
  requested: 'pause' | null;
}

/** How a worker's hold on a job, or on a shard of one, ends. */
export type WorkerOutcome =
  | { state: 'succeeded'; result: WorkerResults[JobKind] }
  /** One attempt is spent; unless it was the last, or the error is not retryable, it is made again after a back-off. */
  | { state: 'failed'; error: JobError }
  /** The worker must stop; nothing is spent, and the same delivery goes back to its queue. */
  | { state: 'handed-back' }
  /**
   * The worker was asked to pause; nothing is spent. The settling gives `paused`, and the delivery ends; or `queued`
   * where the pause was withdrawn meanwhile, and the delivery must go back to its queue (`HandBack`).
   */
  | { state: 'paused' };

/** What a worker's work gives: the result of a train job, or the counts of a shard and what it ran on. */
export interface WorkerResults {
  train: TrainResult;
  generate: ShardResult;
}

/** What a job that was left is said to have met. */
export const LOST_WORKER: JobError = {
  code: 'worker_lost',
  message: 'the worker that had the job stopped answering',
  retryable: true,
};

/** Parses the answer of a heartbeat's script. */
export function heartbeatAnswer(answer: unknown): HeartbeatAnswer {
  const [held, requested] = Array.isArray(answer) ? answer : [0, ''];
  return { held: held === 1, requested: requested === 'pause' ? 'pause' : null };
}
