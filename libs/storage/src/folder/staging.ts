import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** The folder in a store's root for what is not yet, or no longer, visible; no key reaches it, for it starts with a dot. */
export const STAGING = '.staging';

/**
 * A new path for something staged, such as `20261123T104653123Z_host_4711_9f86d081884c7d65`: when it began, and the
 * host and process it belongs to, so that what a crash left behind can be told from what is still being written.
 */
export function newStagedPath(root: string): string {
  const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9.-]/g, '-')
    .slice(0, 63);
  return join(root, STAGING, `${time}_${host}_${process.pid}_${randomBytes(8).toString('hex')}`);
}
