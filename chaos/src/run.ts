import { setTimeout as wait } from 'node:timers/promises';
import { type GlyphmillClient, ProblemError } from '@glyphmill/client';
import { isFinal } from '@glyphmill/contract';
import type { Deployment } from './deployment.js';
import { type Fault } from './fault-schedule.js';
import { inflict, type Inflicted } from './faults.js';
import { follow, type Heard } from './follower.js';
import { type PlannedJob, submit } from './workload.js';

/** A job that the API accepted, and what became of it for its client. */
export interface AcceptedJob {
  planned: PlannedJob;
  id: string;
  /** What its client heard of its events; `undefined` if that did not end. */
  heard: Heard | undefined;
}

interface RunOptions {
  client: GlyphmillClient;
  deployment: Deployment;
  jobs: readonly PlannedJob[];
  faults: readonly Fault[];
  /** How long the jobs may take after the last fault. */
  patienceMs: number;
  onViolation: (violation: string) => void;
  onProgress: (line: string) => void;
}

/** Enqueues the jobs and does the faults, each at its time; returns once each job has told its end, or patience ends. */
export async function runJobs(options: RunOptions): Promise<{ accepted: AcceptedJob[]; inflicted: Inflicted[] }> {
  const { client, deployment, jobs, faults, patienceMs, onViolation, onProgress } = options;
  const accepted: AcceptedJob[] = [];
  const inflicted: Inflicted[] = [];
  const startedAt = performance.now();
  const ended = new AbortController();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`.padStart(6);
  const said = () => `${accepted.length} accepted, ${accepted.filter(({ heard }) => heard).length} ended`;

  const allJobs = jobs.map(async (planned) => {
    await wait(planned.atMs);
    const { item, tag } = planned;
    const { id } = await submit(client, item, tag);
    const entry: AcceptedJob = { planned, id, heard: undefined };
    accepted.push(entry);
    const heard = follow(client, id, ended.signal);
    await intervene(client, entry, ended.signal, onViolation);
    entry.heard = await heard.then((all) => (ended.signal.aborted ? undefined : all));
  });
  const allFaults = faults.map(async (fault) => {
    await wait(fault.atMs);
    onProgress(`${seconds()}  ${fault.kind}, ${(fault.lastsMs / 1000).toFixed(1)} s (${said()})`);
    inflicted.push(await inflict(fault, deployment, onViolation));
  });
  const everything = Promise.all(allJobs);
  everything.catch(() => undefined);
  await Promise.all(allFaults);
  onProgress(`${seconds()}  no more faults (${said()})`);
  const progress = setInterval(() => onProgress(`${seconds()}  ${said()}`), 15_000);
  const impatience = new AbortController();
  await Promise.race([everything, wait(patienceMs, undefined, { signal: impatience.signal })]);
  impatience.abort();
  clearInterval(progress);
  ended.abort();
  await everything;
  return { accepted, inflicted };
}

/** What the client of a job does to it after a while; where it comes too late, a conflict is the right answer. */
async function intervene(
  client: GlyphmillClient,
  { id, planned }: AcceptedJob,
  over: AbortSignal,
  onViolation: (violation: string) => void,
): Promise<void> {
  if (!planned.intervention) return;
  const { what, afterMs } = planned.intervention;
  /** Whether it did what it was asked to. */
  const ask = async (action: 'cancel' | 'pause' | 'resume') => {
    try {
      await client.jobs[action](id);
      return true;
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 409)) onViolation(`${action} of ${id}: ${String(error)}`);
      return false;
    }
  };
  await wait(afterMs);
  if (what === 'cancel') {
    await ask('cancel');
    return;
  }
  if (!(await ask('pause'))) return;
  await wait(afterMs);
  // A job that is about to pause can be told to continue after all; one that ended meanwhile cannot.
  while (!over.aborted && !(await ask('resume'))) {
    if (isFinal((await client.jobs.get(id)).state)) return;
    await wait(1000);
  }
}
