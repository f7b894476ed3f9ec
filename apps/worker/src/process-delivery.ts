import { randomUUID } from 'node:crypto';
import type { JobKind } from '@glyphmill/contract';
import { type ClaimedJob, type Delivery, HandBack, type JobStore, type WorkerResults } from '@glyphmill/jobs';
import type { Catalog } from '@glyphmill/catalog';
import type { Storage } from '@glyphmill/storage';
import { describeError } from './job-failure.js';
import { JobStoppedError, Lease } from './lease.js';
import type { Logger } from './log.js';
import type { MemoryGate } from './memory/memory-gate.js';

/** What the work of a job of any kind needs. */
export interface JobContext {
  store: JobStore;
  storage: Storage;
  catalog: Catalog;
  log: Logger;
  workerId: string;
  /** What jobs pass that take much memory. */
  memory: MemoryGate;
  /** The leases that this worker holds now. */
  leases: Set<Lease>;
  /** How long the work of a job may take to keep its state once the worker is to stop. */
  farewellMs: number;
  /** Aborted once the worker is to stop: what it claims from then on goes back at once. */
  draining: AbortSignal;
}

/**
 * The work of one kind of job, or of a shard where jobs are cut into them: gives the result, reports through the lease,
 * stops when the lease says so.
 */
export type JobWork<Kind extends JobKind> = (
  job: Extract<ClaimedJob, { kind: Kind }>,
  lease: Lease,
) => Promise<WorkerResults[Kind]>;

/**
 * The life of a job, or of a shard, in this worker: claim, work, settle. A delivery whose job does not want to run (it
 * was cancelled, or another worker has it) ends quietly.
 */
export async function processDelivery<Kind extends JobKind>(
  context: JobContext,
  kind: Kind,
  work: JobWork<Kind>,
  delivery: Delivery,
): Promise<void> {
  const token = randomUUID();
  const { number, lock, lane } = delivery;
  const by = { delivery: number, lock, lane, token, worker: context.workerId };
  const job =
    delivery.shard === undefined
      ? await context.store.claim(delivery.jobId, by)
      : await context.store.shards.claim(delivery.jobId, delivery.shard, by);
  if (!job || !isKind(job, kind)) return;
  const lease = new Lease(context.store, job, token, delivery.signal);
  context.leases.add(lease);
  const drain = () => void lease.leave('drain', context.farewellMs);
  context.draining.addEventListener('abort', drain, { once: true });
  if (context.draining.aborted) lease.stop('drain');
  const { jobId, shard } = delivery;
  const log = context.log.child({ job: jobId, ...(shard !== undefined && { shard }) });
  log.info({ kind, attempts: job.attempts }, kind === 'generate' ? 'shard started' : 'job started');
  try {
    const result = await work(job, lease);
    const state = await lease.settle({ state: 'succeeded', result });
    log.info(state === undefined ? 'job is no longer ours' : state === 'succeeded' ? 'job succeeded' : 'shard done');
  } catch (error) {
    if (!(error instanceof JobStoppedError)) {
      const described = describeError(error, kind);
      // The record has no folders of this machine in it; whoever mends them reads this.
      const cause = error instanceof Error && error.message !== described.message ? error.message : undefined;
      log.warn({ error: described, cause }, 'attempt failed');
      await lease.settle({ state: 'failed', error: described });
    } else if (error.reason === 'lost') log.info('job is no longer ours');
    else {
      const state = await lease.settle({ state: error.reason === 'pause' ? 'paused' : 'handed-back' });
      log.info(state === undefined ? 'job is no longer ours' : state === 'paused' ? 'job paused' : 'job handed back');
      // A delivery that was taken away comes back by itself, and a job that is resumed has another one.
      if (error.reason !== 'undelivered' && state !== undefined && state !== 'paused') throw new HandBack();
    }
  } finally {
    context.draining.removeEventListener('abort', drain);
    lease.end();
    context.leases.delete(lease);
  }
}

function isKind<Kind extends JobKind>(job: ClaimedJob, kind: Kind): job is Extract<ClaimedJob, { kind: Kind }> {
  return job.kind === kind;
}
