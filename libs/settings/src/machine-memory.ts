import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import path from 'node:path';

/** How much memory this process may use, in bytes. */
export interface MachineMemory {
  /** All that the machine has, or the least that a process group (cgroup) around this process is allowed. */
  limitBytes: number;
  /** What is free of that now; what the system would give back at once, such as its cache of files, counts as free. */
  freeBytes: number;
}

/** What is asked of the system; only tests have another. */
export interface MemorySources {
  /** The folder that /proc and /sys lie in. */
  root: string;
  totalBytes: number;
  freeBytes: number;
}

/** A process group's limit and use; a limit of Infinity is none. */
interface GroupMemory {
  limitBytes: number;
  usedBytes: number;
}

/** Version 1 of Linux's process groups says "no limit" with a number of this size or more. */
const NO_LIMIT_BYTES = 2 ** 60;

/**
 * The memory of this machine as a process in a container, or in a systemd unit with `MemoryMax`, has it: the limits of
 * its own process group and of all groups around it count, in versions 1 and 2. (`os.totalmem()` is the host's, and
 * `process.constrainedMemory()` knows the innermost group alone.) A file that cannot be read says nothing.
 */
export function machineMemory(sources: Partial<MemorySources> = {}): MachineMemory {
  const { root = '/', totalBytes = totalmem(), freeBytes } = sources;
  let memory = {
    limitBytes: totalBytes,
    freeBytes: Math.min(totalBytes, freeBytes ?? availableBytes(root) ?? freemem()),
  };
  for (const { limitBytes, usedBytes } of groups(root)) {
    if (limitBytes >= NO_LIMIT_BYTES) continue;
    memory = {
      limitBytes: Math.min(memory.limitBytes, limitBytes),
      freeBytes: Math.min(memory.freeBytes, Math.max(0, limitBytes - usedBytes)),
    };
  }
  return memory;
}

/** What Linux says a new program could have without swapping. */
function availableBytes(root: string): number | undefined {
  const kibibytes = /^MemAvailable:\s*(\d+) kB$/mu.exec(read(root, 'proc/meminfo') ?? '')?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** The groups that this process is in, each with those around it. */
function groups(root: string): GroupMemory[] {
  const lines = (read(root, 'proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers, group] = /^\d+:([^:]*):(.+)$/u.exec(line) ?? [];
    if (group === undefined) return [];
    if (controllers === '') return upwards(group).flatMap((folder) => groupOfVersion2(root, folder));
    if (!controllers?.split(',').includes('memory')) return [];
    return upwards(group).flatMap((folder) => groupOfVersion1(root, folder));
  });
}

/** A group's path and those around it; in a container, where they are not all seen, the root is its own group. */
function upwards(group: string): string[] {
  const folders = [group];
  while (folders.at(-1) !== '/' && folders.at(-1) !== '.') folders.push(path.posix.dirname(folders.at(-1)!));
  return folders;
}

function groupOfVersion2(root: string, group: string): GroupMemory[] {
  for (const mount of ['sys/fs/cgroup', 'sys/fs/cgroup/unified']) {
    const folder = path.join(mount, group);
    const limit = read(root, folder, 'memory.max');
    if (limit === undefined) continue;
    return [
      groupMemory(limit, read(root, folder, 'memory.current'), read(root, folder, 'memory.stat'), 'inactive_file'),
    ];
  }
  return [];
}

function groupOfVersion1(root: string, group: string): GroupMemory[] {
  const folder = path.join('sys/fs/cgroup/memory', group);
  const limit = read(root, folder, 'memory.limit_in_bytes');
  if (limit === undefined) return [];
  const used = read(root, folder, 'memory.usage_in_bytes');
  return [groupMemory(limit, used, read(root, folder, 'memory.stat'), 'total_inactive_file')];
}

function groupMemory(limit: string, used: string | undefined, stat: string | undefined, cache: string): GroupMemory {
  const cached = new RegExp(`^${cache} (\\d+)$`, 'mu').exec(stat ?? '')?.[1];
  return {
    limitBytes: limit.trim() === 'max' ? Infinity : Number(limit),
    usedBytes: Math.max(0, Number(used ?? 0) - Number(cached ?? 0)),
  };
}

function read(...parts: string[]): string | undefined {
  try {
    return readFileSync(path.join(...parts), 'utf8');
  } catch {
    return undefined;
  }
}
