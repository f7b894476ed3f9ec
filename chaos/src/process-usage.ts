import { readdir, readFile } from 'node:fs/promises';

/** What a process holds now. */
export interface ProcessUsage {
  residentBytes: number;
  openFiles: number;
}

/** What a process holds; `undefined` where it is gone. Reads `/proc`, so it needs Linux. */
export async function usageOf(pid: number): Promise<ProcessUsage | undefined> {
  try {
    const [status, files] = await Promise.all([readFile(`/proc/${pid}/status`, 'utf8'), readdir(`/proc/${pid}/fd`)]);
    const kibibytes = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1];
    return kibibytes === undefined ? undefined : { residentBytes: Number(kibibytes) * 1024, openFiles: files.length };
  } catch {
    return undefined;
  }
}

/** The ids of all processes that have a mark in their environment, with their parents. */
export async function markedProcesses(mark: string): Promise<{ pid: number; parent: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const [environment, status, command] = await Promise.all(
          ['environ', 'status', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
        );
        if (!environment?.split('\0').includes(mark)) return [];
        const parent = Number(/^PPid:\s+(\d+)$/mu.exec(status ?? '')?.[1]);
        return [{ pid: Number(pid), parent, command: (command ?? '').replaceAll('\0', ' ').trim() }];
      } catch {
        return []; // It ended, or is not ours to look at.
      }
    }),
  );
  return found.flat();
}
