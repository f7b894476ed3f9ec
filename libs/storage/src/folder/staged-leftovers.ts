import { join } from 'node:path';

import { absentAs } from './absence.js';
import { lstat, readdir, remove, utimes } from './guarded-files.js';
import { STAGING } from './staging.js';

/** How often a staged folder says that it is still wanted; a day without is taken for a crash. */
const RENEW_MS = 60 * 60 * 1000;

/**
 * Keeps a staged folder from being taken for a leftover, for as long as this process lives: what is written into it may
 * come only after days. Returns what ends that.
 */
export function keepWanted(path: string): () => void {
  const renewing = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, RENEW_MS);
  renewing.unref();
  return () => clearInterval(renewing);
}

/**
 * Removes what crashes left staged in a store: files and folders that nobody has written or renewed for so long. Returns
 * how many there were, of at most `limit`.
 */
export async function removeLeftovers(root: string, olderThanMs: number, limit: number): Promise<number> {
  const before = Date.now() - olderThanMs;
  let removed = 0;
  for (const { name } of await absentAs([], () => readdir(join(root, STAGING)))) {
    if (removed === limit) break;
    const path = join(root, STAGING, name);
    const found = await absentAs(undefined, () => lstat(path));
    if (found === undefined || found.mtimeMs >= before) continue;
    await remove(path);
    removed += 1;
  }
  return removed;
}
