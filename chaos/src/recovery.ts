import type { FaultKind } from './fault-schedule.js';
import type { Inflicted } from './faults.js';
import type { CheckedJob } from './job-checks.js';

/** How long jobs waited after faults of one kind. */
export interface Recovery {
  kind: FaultKind;
  faults: number;
  /** How many jobs ran on what was struck. */
  jobs: number;
  /** The longest time from a fault until a job that ran there told something again, or ended. */
  longestMs: number;
  /** The job of that. */
  slowest: string | undefined;
}

/** For each kind of fault that was done, how soon the jobs that it met went on. */
export function recoveries(inflicted: readonly Inflicted[], checked: readonly CheckedJob[]): Recovery[] {
  const byId = new Map(checked.map((each) => [each.job.id, each]));
  const byKind = new Map<FaultKind, Recovery>();
  for (const { fault, target, at, jobs } of inflicted) {
    const sum = byKind.get(fault.kind) ?? { kind: fault.kind, faults: 0, jobs: 0, longestMs: 0, slowest: undefined };
    byKind.set(fault.kind, sum);
    if (target === undefined) continue;
    sum.faults += 1;
    for (const id of jobs) {
      const again = byId.get(id)?.events.find((event) => isSignOfLife(event) && Date.parse(event.at) > at);
      if (!again) continue;
      sum.jobs += 1;
      const tookMs = Date.parse(again.at) - at;
      if (tookMs > sum.longestMs) Object.assign(sum, { longestMs: tookMs, slowest: id });
    }
  }
  return [...byKind.values()].sort((a, b) => b.longestMs - a.longestMs);
}

/** What only a running job, or one that ended, tells. */
function isSignOfLife(event: CheckedJob['events'][number]): boolean {
  return event.type !== 'state' || event.state !== 'queued';
}
