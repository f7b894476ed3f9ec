import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder, and those above it that are not there. Node's own way never ends in a place such as `/proc`, where a
 * folder is there and none can be made in it.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    throw new Error(`${path} cannot be made (${String(error)}). Set DATA_DIR to a folder that may be written to.`, {
      cause: error,
    });
  }
}
