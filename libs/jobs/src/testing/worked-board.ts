import type { JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { JobBoard } from '../board/job-board.js';
import { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import { deliveryId } from '../deliveries/delivery-queue.js';
import { Hold } from '../hold/hold.js';
import { JobClaims } from '../hold/job-claims.js';
import type { ClaimedShard, ClaimedTrainJob } from '../kinds/claimed-job.js';
import type { Claimant, HeartbeatAnswer, WorkerOutcome, WorkerReport } from '../kinds/kind.js';
import { kindNamed } from '../kinds/kinds.js';
import type { CheckpointPointer } from '../records/checkpoint-pointer.js';
import type { Lane } from '../records/lane.js';

/** Who claims; without a lane, the one of the kind's name. */
type Worker = Omit<Claimant, 'lane' | 'shard'> & { lane?: Lane };

/**
 * A board, and what workers do with its jobs. Jobs are named by their ids and holds by their tokens, so that a test may act
 * under any token, even one that was never given, or was lost.
 */
export class WorkedBoard extends JobBoard {
  readonly shards: WorkedShards;
  readonly #jobs: JobsInRedis;
  readonly #claims: JobClaims;

  constructor(options: ConstructorParameters<typeof JobBoard>[0]) {
    super(options);
    this.#jobs = new JobsInRedis(options.redis, options.prefix);
    this.#claims = new JobClaims(options);
    this.shards = new WorkedShards(options);
  }

  /** Claims a train job. */
  async hold(id: string, by: Worker): Promise<Hold<'train'> | undefined> {
    const hold = await this.#claims.claim(id, { lane: 'train', ...by });
    return hold?.kind === 'train' ? hold : undefined;
  }

  /** The same, of which the job is returned. */
  async claim(id: string, by: Worker): Promise<ClaimedTrainJob | undefined> {
    return (await this.hold(id, by))?.job;
  }

  /** The hold on a train job under a token, whether or not it is given. */
  holdOf(id: string, token: string): Hold<'train'> {
    return new Hold(this.#jobs, 'train', { id } as ClaimedTrainJob, token);
  }

  report(id: string, token: string, sequence: number, said: WorkerReport): Promise<HeartbeatAnswer> {
    return this.holdOf(id, token).report(sequence, said);
  }

  saveCheckpoint(id: string, token: string, pointer: CheckpointPointer): ReturnType<Hold['saveCheckpoint']> {
    return this.holdOf(id, token).saveCheckpoint(pointer);
  }

  startCommitting(id: string, token: string): Promise<boolean> {
    return this.holdOf(id, token).startCommitting();
  }

  settle(id: string, token: string, outcome: WorkerOutcome<'train'>): Promise<JobState | undefined> {
    return this.holdOf(id, token).settle(outcome);
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#jobs.close(), this.#claims.close(), this.shards.close()]);
  }
}

/** The same for the shards of generate jobs. */
class WorkedShards {
  readonly #jobs: JobsInRedis;
  readonly #claims: JobClaims;

  constructor(options: { redis: Redis; prefix?: string }) {
    this.#jobs = new JobsInRedis(options.redis, options.prefix);
    this.#claims = new JobClaims(options);
  }

  /** Claims a shard. */
  async hold(id: string, shard: number, by: Worker): Promise<Hold<'generate'> | undefined> {
    const hold = await this.#claims.claim(id, { lane: 'generate', ...by, shard });
    return hold?.kind === 'generate' ? hold : undefined;
  }

  /** The same, of which the shard is returned. */
  async claim(id: string, shard: number, by: Worker): Promise<ClaimedShard | undefined> {
    return (await this.hold(id, shard, by))?.job;
  }

  holdOf(shard: { id: string; shard: number }, token: string): Hold<'generate'> {
    return new Hold(this.#jobs, 'generate', shard as ClaimedShard, token);
  }

  report(shard: { id: string; shard: number }, token: string, sequence: number, said: WorkerReport) {
    return this.holdOf(shard, token).report(sequence, said);
  }

  settle(shard: ClaimedShard, token: string, outcome: WorkerOutcome<'generate'>) {
    return this.holdOf(shard, token).settle(outcome);
  }

  prompts(id: string): Promise<string[] | undefined> {
    return this.#claims.recordedPrompts(id);
  }

  /** The ids of the deliveries of a job's open shards. */
  async openDeliveries(id: string): Promise<string[]> {
    const open = await kindNamed('generate').openDeliveries(this.#jobs, { id } as never);
    return open.map(({ number, shard }) => deliveryId(id, number, shard));
  }

  async close(): Promise<void> {
    await Promise.all([this.#jobs.close(), this.#claims.close()]);
  }
}
