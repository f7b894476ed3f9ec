import { JOB_STATES, type JobKind, type JobState } from '@glyphmill/contract';
import type { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { ClaimedJobs } from '../kinds/claimed-job.js';
import type { HeartbeatAnswer, WorkerOutcome, WorkerReport } from '../kinds/kind.js';
import { kindNamed } from '../kinds/kinds.js';
import { type CheckpointPointer, KEPT_CHECKPOINTS, parsePointers } from '../records/checkpoint-pointer.js';
import { startCommitting } from '../scripts/report.js';
import { saveCheckpoint } from '../scripts/save-checkpoint.js';

/**
 * The right of one worker to write one job's record, or one shard's entry in it, for as long as the lease token there is
 * its own. Each method is one script that compares the token first, so whatever a worker does that lost its job writes
 * nothing; and each can be repeated by the connection.
 */
export class Hold<Kind extends JobKind = JobKind> {
  readonly #jobs: JobsInRedis;

  constructor(
    jobs: JobsInRedis,
    readonly kind: Kind,
    readonly job: ClaimedJobs[Kind],
    readonly token: string,
  ) {
    this.#jobs = jobs;
  }

  /** A worker's heartbeat, with what it has to say. A sequence number counts once, however often it arrives. */
  async report(sequence: number, { progress, events = [] }: WorkerReport): Promise<HeartbeatAnswer> {
    const answer = await kindNamed(this.kind).report(this.#jobs, this.job, this.token, {
      sequence,
      progress: progress ? JSON.stringify(progress) : '',
      events: events.map((event) => JSON.stringify(event)),
    });
    const [held, requested] = Array.isArray(answer) ? answer : [0, ''];
    return { held: held === 1, requested: requested === 'pause' ? 'pause' : null };
  }

  /**
   * Points the record to a train job's newest checkpoint, whose files must exist, and writes an event. Attempts spent
   * are given back if the step passes the furthest one checkpointed. Returns whether the token holds the job, and
   * then the checkpoints that the record points to now, newest first; no others are ever resumed from.
   */
  async saveCheckpoint({ key, step }: CheckpointPointer): Promise<{ held: boolean; checkpoints: CheckpointPointer[] }> {
    const { redis, keys } = this.#jobs;
    const { id } = this.job;
    const answer = await saveCheckpoint.run(redis, {
      keys: { record: keys.job(id), events: keys.events(id) },
      args: { token: this.token, checkpoint: key, step, keptCheckpoints: KEPT_CHECKPOINTS },
    });
    return typeof answer === 'string'
      ? { held: true, checkpoints: parsePointers(answer) }
      : { held: false, checkpoints: [] };
  }

  /**
   * Marks that a train job's result is about to be published, after which a cancel comes too late. Returns whether the
   * token holds the job.
   */
  async startCommitting(): Promise<boolean> {
    const { redis, keys } = this.#jobs;
    const record = keys.job(this.job.id);
    return (await startCommitting.run(redis, { keys: { record }, args: { token: this.token } })) === 1;
  }

  /**
   * Ends the hold. The output of a shard that succeeded must be written. Returns the state that the job is in then, or
   * `undefined` if the token does not hold it.
   */
  async settle(outcome: WorkerOutcome<Kind>): Promise<JobState | undefined> {
    const answer = await kindNamed(this.kind).settle(this.#jobs, this.job, this.token, outcome);
    return JOB_STATES.find((state) => state === answer);
  }
}

/** A hold on a job of one of the kinds. */
export type AnyHold = { [Kind in JobKind]: Hold<Kind> }[JobKind];
