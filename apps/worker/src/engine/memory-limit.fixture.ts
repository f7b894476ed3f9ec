import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

/** A group of processes that Linux kills in where they take more memory together than it allows. */
export interface MemoryLimit {
  add(pid: number): void;
  remove(): void;
}

/** Makes a group with a limit; returns why not if this machine lets us make none. */
export function limitMemory(bytes: number): MemoryLimit | string {
  const name = `glyphmill-test-${process.pid}`;
  const ways = [
    { folder: `/sys/fs/cgroup/memory/${name}`, limit: 'memory.limit_in_bytes' },
    { folder: `/sys/fs/cgroup/${name}`, limit: 'memory.max' },
  ];
  let reason = '';
  for (const { folder, limit } of ways) {
    try {
      mkdirSync(folder);
      writeFileSync(`${folder}/${limit}`, String(bytes));
      return {
        add: (pid) => writeFileSync(`${folder}/cgroup.procs`, String(pid)),
        remove: () => rmdirSync(folder),
      };
    } catch (error) {
      reason = `no memory limit can be set here: ${String(error)}`;
    }
  }
  return reason;
}
