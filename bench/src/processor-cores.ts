import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface CommandLine {
  command: string;
  args: string[];
}

/** The thread counts to measure with, as far as this machine has the cores: one, and two. */
export const THREAD_COUNTS = [1, 2].filter((threads) => threads <= availableParallelism());

/** Keeps a command to as many cores as it has threads, where the system can (`taskset`); elsewhere it stays as it is. */
export function onCores(threads: number, { command, args }: CommandLine): CommandLine {
  const cores = allowedCores();
  if (cores === undefined || cores.length < threads) return { command, args };
  return { command: 'taskset', args: ['-c', cores.slice(0, threads).join(','), command, ...args] };
}

let known: { cores: number[] | undefined } | undefined;

/** The cores that this process may use; undefined if they cannot be known or chosen. */
function allowedCores(): number[] | undefined {
  known ??= { cores: spawnSync('taskset', ['--version']).status === 0 ? readAllowedCores() : undefined };
  return known.cores;
}

function readAllowedCores(): number[] | undefined {
  const list = /^Cpus_allowed_list:\s*(.+)$/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return list === undefined ? undefined : coresOf(list);
}

/** The numbers of a list such as `0-2,5`. */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
