import type { FaultKind } from './fault-schedule.js';
import type { Inflicted } from './faults.js';
import type { JobLine, Service } from './service.js';

/** How soon work continued after faults of one kind. */
export interface Recovery {
  kind: FaultKind;
  faults: number;
  /** How many jobs, and shards of jobs, were in work at what was struck. */
  interrupted: number;
  /** The longest time from a fault until one of these was in work again, or done. */
  longestMs: number;
  /** The job of that. */
  slowest: string | undefined;
}

/** What a worker logs when it takes a job or a shard, and when it has done it. */
const TAKEN = new Set(['job started', 'shard started']);
const DONE = new Set(['job succeeded', 'shard done', 'job paused', 'shard paused']);

interface LoggedLine extends JobLine {
  service: string;
  atMs: number;
}

/** For each kind of fault that was done, how soon continued what it had interrupted, by what the workers logged. */
export function recoveries(inflicted: readonly Inflicted[], services: readonly Service[]): Recovery[] {
  const lines = services
    .flatMap(({ name, jobLines }) =>
      jobLines.map((line): LoggedLine => ({ ...line, service: name, atMs: Date.parse(line.time) })),
    )
    .sort((a, b) => a.atMs - b.atMs);
  const byKind = new Map<FaultKind, Recovery>();
  for (const { fault, target, at } of inflicted) {
    const { kind } = fault;
    const sum = byKind.get(kind) ?? { kind, faults: 0, interrupted: 0, longestMs: 0, slowest: undefined };
    byKind.set(kind, sum);
    if (target === undefined) continue;
    sum.faults += 1;
    for (const held of inWork(lines, target, at)) {
      const again = lines.find(
        (line) => line.atMs > at && isSame(line, held) && (TAKEN.has(line.msg) || DONE.has(line.msg)),
      );
      if (!again) continue; // Somebody cancelled or paused it.
      sum.interrupted += 1;
      if (again.atMs - at > sum.longestMs) Object.assign(sum, { longestMs: again.atMs - at, slowest: held.job });
    }
  }
  return [...byKind.values()].sort((a, b) => b.longestMs - a.longestMs);
}

/** What was in work at a moment at one worker, or with Valkey at all of them. */
function inWork(lines: readonly LoggedLine[], target: string, at: number): LoggedLine[] {
  const before = lines.filter(({ service, atMs }) => atMs <= at && (target === 'Valkey' || service === target));
  return before.filter(
    (line, index) =>
      TAKEN.has(line.msg) &&
      !before
        .slice(index + 1)
        .some((later) => isSame(later, line) && later.service === line.service && later.msg !== 'training'),
  );
}

function isSame(a: JobLine, b: JobLine): boolean {
  return a.job === b.job && a.shard === b.shard;
}
