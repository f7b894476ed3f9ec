import { JOB_STATES } from '@glyphmill/contract';
import type { Inflicted } from './faults.js';
import type { CheckedJob } from './job-checks.js';
import { recoveries } from './recovery.js';
import type { Service } from './service.js';

const RECOVERY_BOUND = `What was interrupted is to be had again
  after a worker was killed, frozen or cut off:  within 25 s: its lock runs out in 15 s, and the search for deliveries
                                                 without one, every 5 s, needs two rounds
  after an engine died:                          within 1 s, doubled with each attempt spent in a row up to 60 s, and up to
                                                 1 s until the rescuer sees it; then behind what waits already
  after a drain:                                 at once
  after Valkey or the way to it was away:        as soon as that is back and tried again (1 s); where locks ran out
                                                 meanwhile, as after a kill
and is in work again as soon as a worker has a place for it.`;

interface ReportOptions {
  checked: readonly CheckedJob[];
  inflicted: readonly Inflicted[];
  services: readonly Service[];
  processes: readonly string[];
  violations: readonly string[];
}

/** What happened, in lines: jobs by their end, faults by kind with how soon jobs continued, and each violation. */
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
