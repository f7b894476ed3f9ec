import { existsSync, readFileSync } from 'node:fs';

const STATUS = '/proc/self/status';

/** The most memory that this process has held so far, native libraries included. */
export function peakMemoryBytes(): number {
  // The other counter, `maxRSS`, may be that of the process that started this one.
  const kibibytes = existsSync(STATUS) ? /^VmHWM:\s*(\d+) kB$/mu.exec(readFileSync(STATUS, 'utf8'))?.[1] : undefined;
  return Number(kibibytes ?? process.resourceUsage().maxRSS) * 1024;
}
