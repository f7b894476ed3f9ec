import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SetupError } from './setup-error.ts';

/** Where the native runtimes are kept, for all checkouts of this user: GLYPHMILL_CACHE, or the platform's usual place. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.GLYPHMILL_CACHE) return path.resolve(environment.GLYPHMILL_CACHE);
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'glyphmill');
  // The XDG specification has programs ignore a relative path.
  const xdg = environment.XDG_CACHE_HOME;
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(os.homedir(), '.cache'), 'glyphmill');
}

/** @throws SetupError `cache-unusable` */
export function createCacheFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new SetupError(
      'cache-unusable',
      `The cache folder ${folder} cannot be made (${error instanceof Error ? error.message : String(error)}). Set GLYPHMILL_CACHE to a folder that you may write to.`,
      { cause: error },
    );
  }
}

/** @throws SetupError `disk-full` if the folder's disk has less room than is needed */
export async function requireRoom(folder: string, what: string, megabytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeMegabytes = Math.floor((bavail * bsize) / 1e6);
  if (freeMegabytes < megabytes)
    throw diskFull(folder, `${what} needs ${megabytes} MB and ${freeMegabytes} MB are free`);
}

export function diskFull(folder: string, reason: string): SetupError {
  return new SetupError(
    'disk-full',
    `The disk of the cache folder ${folder} is too full: ${reason}. Make room there, or set GLYPHMILL_CACHE to a folder on another disk, and run the command again.`,
  );
}

/** Whether what a command printed says that the disk is full. */
export function isAboutDisk(output: string): boolean {
  return /No space left on device|Disk quota exceeded|Errno 28\b/u.test(output);
}
