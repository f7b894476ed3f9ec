import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the stack keeps in its data folder; the demo also keeps a log there. */
const OURS: ReadonlySet<string> = new Set(['valkey', 'storage', 'services.log']);

/**
 * Makes the data folder, which its owner alone may enter. One that exists already is closed to others unless there is
 * something else in it: a home folder, or `/tmp`, is not ours to close. What the stack keeps in it is closed in any case.
 */
export function makeDataFolder(path: string): void {
  makeFolder(path);
  const { mode, uid } = statSync(path);
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return;
  if (readdirSync(path).every((name) => OURS.has(name))) chmodSync(path, 0o700);
}

/**
 * Makes a folder, and those above it that are not there. Node's own way never ends in a place such as `/proc`, where a
 * folder is there and none can be made in it.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw new Error(`${path} cannot be made (${String(error)}). Set DATA_DIR to a folder that may be written to.`, {
      cause: error,
    });
  }
}
