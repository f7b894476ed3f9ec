import { JOB_STATES, type JobKind, type JobState } from '@glyphmill/contract';
import type { Artifact } from './artifacts.js';

/** The default of `REDIS_PREFIX`: one hash tag, so that all keys live in one slot and scripts may touch them together. */
export const DEFAULT_PREFIX = '{glyphmill}';

/** What scripts that may move a job call their keys: record, events, the indexes of its kind's states, the finished jobs. */
type MovingKey = 'record' | 'events' | 'finished' | `index:${JobState}`;
export const MOVING_KEYS: readonly MovingKey[] = [
  'record',
  'events',
  'finished',
  ...JOB_STATES.map((state): MovingKey => `index:${state}`),
];

/** Every Redis key of the job record, under one prefix. BullMQ's own keys are `<prefix>:<kind>:…`. */
export class JobKeys {
  constructor(readonly prefix: string = DEFAULT_PREFIX) {}

  /** Hash: the record of one job. */
  readonly job = (id: string) => `${this.prefix}:job:${id}`;
  /** Stream: what was told about one job. */
  readonly events = (id: string) => `${this.prefix}:job:${id}:events`;
  /** Sorted set of equal scores: the ids of all jobs, in the order of their making. */
  readonly all = () => `${this.prefix}:jobs`;
  /** Sorted set of equal scores: the ids of one kind's jobs in one state. */
  readonly inState = (kind: JobKind, state: JobState) => `${this.prefix}:jobs:${kind}:${state}`;
  /** String: how many bytes the requests of one kind's jobs in a waiting state take. Scripts make it from the index's key. */
  readonly waitingBytes = (kind: JobKind, state: JobState) => `${this.inState(kind, state)}:bytes`;
  /** Sorted sets of equal scores: the ids of the jobs that have a tag, and of those that use a model or have made it. */
  readonly tagged = (tag: string) => `${this.prefix}:jobs:tag:${tag}`;
  readonly withModel = (model: string) => `${this.prefix}:jobs:model:${model}`;
  /** Set: the ids of the live jobs that need an artifact. */
  readonly users = ({ kind, id }: Artifact) => `${this.prefix}:users:${kind}:${id}`;
  /** String: written when all live jobs are in those sets, also those that earlier versions made. */
  readonly usersComplete = () => `${this.prefix}:users`;
  /** String: an artifact that is being deleted, or was a moment ago. */
  readonly deletion = ({ kind, id }: Artifact) => `${this.prefix}:deletion:${kind}:${id}`;
  /** Sorted set by time: when each job that has a deadline must have ended. */
  readonly deadlines = () => `${this.prefix}:deadlines`;
  /** Set: the jobs that were given checkpoints which one job had made. */
  readonly heirs = (id: string) => `${this.prefix}:heirs:${id}`;
  /** String: what was answered to an idempotency key. */
  readonly answer = (scope: string) => `${this.prefix}:idempotency:${scope}`;
  /** Sorted set by time: when each finished job ended. */
  readonly finished = () => `${this.prefix}:jobs:finished`;
  /** The keys of every script that may move a job ({@link MOVING_KEYS}). */
  readonly moving = (kind: JobKind, id: string): Record<MovingKey, string> => ({
    record: this.job(id),
    events: this.events(id),
    finished: this.finished(),
    'index:queued': this.inState(kind, 'queued'),
    'index:running': this.inState(kind, 'running'),
    'index:paused': this.inState(kind, 'paused'),
    'index:succeeded': this.inState(kind, 'succeeded'),
    'index:failed': this.inState(kind, 'failed'),
    'index:cancelled': this.inState(kind, 'cancelled'),
  });
  /** Hash: the shards of one job that have a ticket and are not committed, by number. */
  readonly openShards = (id: string) => `${this.prefix}:job:${id}:shards`;
  /** String of bits: the shards of one job that are committed. */
  readonly committedShards = (id: string) => `${this.prefix}:job:${id}:committed`;
  /** Sorted set by time: jobs, and shards as `<id>.<shard>`, that wait for another attempt. */
  readonly due = () => `${this.prefix}:due`;
  /** Sorted set by time: when each worker was seen. */
  readonly workers = () => `${this.prefix}:workers`;
  /** Stream: written to wake one event hub. */
  readonly hub = (id: string) => `${this.prefix}:hub:${id}`;
  /** String: what one worker says of itself. */
  readonly worker = (id: string) => `${this.prefix}:worker:${id}`;
}
