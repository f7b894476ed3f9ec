import { join } from 'node:path';

import { absentAs } from './absence.js';
import { lstat, readdir } from './guarded-files.js';
import { isKey } from '../key.js';
import type { ArtifactInfo } from '../storage.js';

/**
 * The artifacts in a folder and those below it, in key order; `prefix` is the folder's key, or `''` for the root. Holds
 * one folder's names in memory at a time, with those of the folders above it. What vanishes meanwhile is left out.
 */
export async function* walkArtifacts(folder: string, prefix: string): AsyncGenerator<ArtifactInfo> {
  for (const name of await readNames(folder, prefix)) {
    const path = join(folder, name);
    const key = joinKey(prefix, name);
    if (name.endsWith('/')) {
      yield* walkArtifacts(path, key.slice(0, -1));
    } else {
      const info = await describeFile(path, key);
      if (info !== undefined) yield info;
    }
  }
}

/**
 * The names in a folder that are segments of keys, sorted, a folder's with a slash behind it: `a-b/c` comes before
 * `a/c`, because `-` comes before `/`. Links and foreign files are left out; a folder that is not there has no names.
 */
export async function readNames(folder: string, prefix: string): Promise<string[]> {
  const entries = await absentAs([], () => readdir(folder));
  return entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && isKey(joinKey(prefix, entry.name)))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
}

/** What is known of a file, or `undefined` if there is none. */
export async function describeFile(path: string, key: string): Promise<ArtifactInfo | undefined> {
  const found = await absentAs(undefined, () => lstat(path));
  return found?.isFile() === true ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : undefined;
}

function joinKey(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}
