import { JOB_STATES } from '@glyphmill/jobs';
import type { Inflicted } from './faults.js';
import type { CheckedJob } from './job-checks.js';
import { recoveries } from './recovery.js';
import type { Service } from './service.js';

const RECOVERY_BOUND = `A job goes on at the latest
  after a worker was killed, frozen or cut off:  15 s until its lock runs out, up to 10 s until two rounds of the search
                                                 for stalled deliveries (every 5 s) have found it, then a free worker
  after an engine died:                          a back-off of 0.5 to 1 s, doubled with each attempt spent in a row
  after a drain:                                 the next free worker, ahead of its priority's peers
  after Valkey was away:                         as long as that was, and up to 1 s until the connection is tried again`;

interface ReportOptions {
  checked: readonly CheckedJob[];
  inflicted: readonly Inflicted[];
  services: readonly Service[];
  processes: readonly string[];
  violations: readonly string[];
}

/** What happened, in lines: jobs by their end, faults by kind with how soon jobs went on, and each violation. */
export function report({ checked, inflicted, services, processes, violations }: ReportOptions): string[] {
  const states = JOB_STATES.map((state) => [state, checked.filter(({ job }) => job.state === state).length] as const);
  const spent = checked.reduce((sum, { job }) => sum + job.attempts, 0);
  return [
    '',
    `Jobs: ${states.flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : [])).join(', ')}; ${spent} attempts spent`,
    '',
    'Faults, how many jobs and shards they interrupted, and the longest time until one of these was in work again or done:',
    ...recoveries(inflicted, services).map(
      ({ kind, faults, interrupted, longestMs, slowest }) =>
        `  ${kind.padEnd(18)} ${String(faults).padStart(3)}  ${String(interrupted).padStart(3)} interrupted  ` +
        (slowest ? `${(longestMs / 1000).toFixed(1).padStart(5)} s  ${slowest}` : '    –'),
    ),
    '',
    RECOVERY_BOUND,
    '',
    'Processes at the end, and since their start:',
    ...processes.map((line) => `  ${line}`),
    '',
    ...violations.map((violation) => `VIOLATION ${violation}`),
    violations.length === 0 ? 'No violations.' : `${violations.length} violations.`,
  ];
}
