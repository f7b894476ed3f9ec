import { randomUUID } from 'node:crypto';
import type { Catalog } from '@glyphmill/catalog';
import { isFinal, type JobKind } from '@glyphmill/contract';
import {
  type Delivery,
  HandBack,
  type Hold,
  type JobClaims,
  type WorkerOutcome,
  type WorkerResults,
} from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { describeError } from './job-failure.js';
import { JobStoppedError, Lease, type StopReason } from './lease.js';
import type { Logger } from './log.js';
import type { MemoryGate } from './memory/memory-gate.js';

/** What the work of a job of any kind needs. */
export interface JobContext {
  claims: JobClaims;
  storage: Storage;
  catalog: Catalog;
  log: Logger;
  workerId: string;
  /** What jobs pass that take much memory. */
  memory: MemoryGate;
  /** The leases that this worker holds now. */
  leases: Set<Lease>;
  /** How long the work of a job may take to save its state once the worker is to stop. */
  farewellMs: number;
  /** Aborted once the worker is to stop: what it claims from then on goes back at once. */
  draining: AbortSignal;
}

/**
 * The work of one kind of job, or of a shard if jobs are cut into them: returns the result, reports through the lease,
 * stops when the lease says so.
 */
export interface JobWork<Kind extends JobKind> {
  readonly kind: Kind;
  run(job: Hold<Kind>['job'], lease: Lease<Kind>): Promise<WorkerResults[Kind]>;
}

/** How the work on a job ended here: with an outcome for its record, or with the hold lost. */
type Ending<Kind extends JobKind> = { outcome: WorkerOutcome<Kind>; reason?: StopReason } | 'lost';

/**
 * The life of a job, or of a shard, in this worker: claim, work, settle. A delivery whose job does not want to run (it
 * was cancelled, or another worker has it) ends quietly. Throws `HandBack` if the delivery goes back to its queue.
 */
export async function processDelivery<Kind extends JobKind>(
  context: JobContext,
  work: JobWork<Kind>,
  delivery: Delivery,
): Promise<void> {
  const hold = await claim(context, work.kind, delivery);
  if (!hold) return;
  const { jobId, shard } = delivery;
  const log = context.log.child({ job: jobId, ...(shard !== undefined && { shard }) });
  const piece = shard === undefined ? 'job' : 'shard';
  log.info({ kind: work.kind, attempts: hold.job.attempts }, `${piece} started`);
  using lease = openLease(context, hold, delivery.signal);
  const ending = await endingOf(work, lease, log);
  const state = ending === 'lost' ? undefined : await lease.settle(ending.outcome);
  if (ending === 'lost' || state === undefined) {
    log.info(await whyLost(context, jobId));
    return;
  }
  log.info({ state }, DONE[piece][ending.outcome.state]);
  // A delivery that was taken away comes back by itself, and a job that is resumed has another one.
  const isStopped = ending.outcome.state === 'handed-back' || ending.outcome.state === 'paused';
  if (isStopped && ending.reason !== 'undelivered' && state !== 'paused') throw new HandBack();
}

async function claim<Kind extends JobKind>(
  { claims, workerId }: JobContext,
  kind: Kind,
  { lane, jobId, shard, number, lock }: Delivery,
): Promise<Hold<Kind> | undefined> {
  const by = { lane, shard, delivery: number, lock, token: randomUUID(), worker: workerId };
  const hold = await claims.claim(jobId, by);
  return hold && isOfKind(hold, kind) ? hold : undefined;
}

function isOfKind<Kind extends JobKind>(hold: Hold, kind: Kind): hold is Hold<Kind> {
  return hold.kind === kind;
}

/** A lease that the worker counts as its own, and that its drain ends. */
function openLease<Kind extends JobKind>(
  { leases, draining, farewellMs }: JobContext,
  hold: Hold<Kind>,
  delivery: AbortSignal,
): Lease<Kind> {
  const lease = new Lease(hold, delivery);
  leases.add(lease);
  const drain = () => void lease.leave('drain', farewellMs);
  draining.addEventListener('abort', drain, { once: true });
  if (draining.aborted) lease.stop('drain');
  lease.onEnd(() => {
    draining.removeEventListener('abort', drain);
    leases.delete(lease);
  });
  return lease;
}

async function endingOf<Kind extends JobKind>(
  work: JobWork<Kind>,
  lease: Lease<Kind>,
  log: Logger,
): Promise<Ending<Kind>> {
  try {
    return { outcome: { state: 'succeeded', result: await work.run(lease.job, lease) } };
  } catch (error) {
    if (error instanceof JobStoppedError) {
      const { reason } = error;
      if (reason === 'lost') return 'lost';
      return { outcome: { state: reason === 'pause' ? 'paused' : 'handed-back' }, reason };
    }
    const described = describeError(error, work.kind);
    // The record has no folders of this machine in it; whoever repairs them reads this.
    const cause = error instanceof Error && error.message !== described.message ? error.message : undefined;
    log.warn({ error: described, cause }, 'attempt failed');
    return { outcome: { state: 'failed', error: described } };
  }
}

/** What the log says once a record has its outcome. */
const DONE: Record<'job' | 'shard', Record<WorkerOutcome['state'], string>> = {
  job: {
    succeeded: 'job succeeded',
    failed: 'attempt recorded',
    paused: 'job paused',
    'handed-back': 'job handed back',
  },
  shard: {
    succeeded: 'shard done',
    failed: 'attempt recorded',
    paused: 'shard paused',
    'handed-back': 'shard handed back',
  },
};

/** Why this worker no longer holds a job, as far as Redis says it now. */
async function whyLost({ claims }: JobContext, jobId: string): Promise<string> {
  const state = await claims.stateOf(jobId).catch(() => undefined);
  if (state === 'cancelled') return 'job was cancelled';
  return state !== undefined && isFinal(state) ? 'job has ended' : 'job was taken over';
}
