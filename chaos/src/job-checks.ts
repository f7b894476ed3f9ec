import type { GlyphmillClient } from '@glyphmill/client';
import { type EventPage, isFinal, type Job, JOB_STATES, type JobState, TRANSITIONS } from '@glyphmill/contract';
import { compareEventIds } from '@glyphmill/jobs';
import { type Deployment, PREFIX } from './deployment.js';
import { resultOf } from './results.js';
import type { AcceptedJob } from './run.js';

/** An event as an API shows it. */
export type ToldEvent = EventPage['data'][number];

/** A job at the end of the run. */
export interface CheckedJob {
  job: Job;
  events: ToldEvent[];
}

/**
 * Whether a job ended exactly once, as its client had it, with the bytes that its request yields undisturbed, and with
 * events in order and without gaps or doubles.
 */
export async function checkJob(
  { client, deployment }: { client: GlyphmillClient; deployment: Deployment },
  { id, planned, heard }: AcceptedJob,
  expected: ReadonlyMap<string, string>,
  onViolation: (violation: string) => void,
): Promise<CheckedJob> {
  const job = await client.jobs.get(id);
  const violation = (what: string) => onViolation(`${id} (${planned.tag}, ${planned.item.name}): ${what}`);
  if (!isFinal(job.state)) violation(`is ${job.state} at the end`);
  const mayBeCancelled = planned.intervention?.what === 'cancel';
  if (job.state === 'cancelled' && !mayBeCancelled) violation('is cancelled, and nobody asked for it');
  if (job.state === 'failed') violation(`failed: ${JSON.stringify(job.error)}`);
  if (job.state === 'succeeded' && (await resultOf(client, job)) !== expected.get(planned.item.name)) {
    violation('gave other bytes than without faults');
  }
  const same = (await client.jobs.list({ tag: planned.tag, limit: 100 })).data;
  if (same.length !== 1) violation(`there are ${same.length} jobs of its one request`);
  const indexed = await indexedStates(deployment, job);
  if (indexed.join(',') !== job.state)
    violation(`is ${job.state}, and in the index of ${indexed.join(', ') || 'none'}`);

  const told = await client.jobs.recordedEvents(id);
  checkEvents(told.data, job.state, violation);
  const ids = told.data.map((event) => event.id);
  if (!heard) violation('its client never heard its end');
  else if (heard.hasGap) violation('its client was told of a gap');
  else if (heard.ids.join() !== ids.join()) {
    violation(
      `its client heard ${heard.ids.length} events in ${heard.reconnects} reconnects, and there are ${ids.length}`,
    );
  }
  return { job, events: told.data };
}

function checkEvents(told: readonly ToldEvent[], end: JobState, violation: (what: string) => void): void {
  for (const [index, event] of told.entries()) {
    const before = told[index - 1];
    if (before && compareEventIds(before.id, event.id) >= 0) violation(`event ${event.id} comes after ${before.id}`);
  }
  const path = told.flatMap((event) => (event.type === 'state' ? [event] : []));
  if (path[0]?.state !== 'queued') violation(`its first state is ${path[0]?.state}`);
  for (const [index, { state, error }] of path.slice(1).entries()) {
    const from = path[index]!.state;
    const isTakeover = from === 'running' && state === 'running' && error?.code === 'worker_lost';
    if (!isTakeover && !TRANSITIONS[from].includes(state)) violation(`went from ${from} to ${state}`);
  }
  const last = told.at(-1);
  if (last?.type !== 'state' || last.state !== end)
    violation(`is ${end}, and its last event is ${JSON.stringify(last)}`);
}

async function indexedStates({ redis }: Deployment, { id, kind }: Job): Promise<JobState[]> {
  const scores = await Promise.all(JOB_STATES.map((state) => redis.zscore(`${PREFIX}:jobs:${kind}:${state}`, id)));
  return JOB_STATES.filter((_, index) => scores[index] !== null);
}
