import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk in memory with little room. */
export interface SmallDisk {
  path: string;
  /** Writes a file that takes all the room but `bytes`. */
  fill(bytes?: number): void;
  makeReadOnly(): void;
  unmount(): void;
}

/** Mounts a small disk; returns why not if this machine lets us mount none. */
export function mountSmallDisk(bytes: number): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), 'glyphmill-disk-'));
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' });
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=777`, 'tmpfs', path);
  } catch (error) {
    rmdirSync(path);
    return `no disk can be mounted here: ${String(error)}`;
  }
  return {
    path,
    fill: (left = 0) => {
      const { bavail, bsize } = statfsSync(path);
      writeFileSync(join(path, 'filler'), Buffer.alloc(bavail * bsize - left));
    },
    makeReadOnly: () => run('mount', '-o', 'remount,ro', path),
    unmount: () => {
      run('umount', '--lazy', path);
      rmdirSync(path);
    },
  };
}
