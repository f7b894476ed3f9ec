import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { createCacheFolder, diskFull } from './cache-folder.ts';
import { withFileLock } from './file-lock.ts';
import { findPython } from './python.ts';

/** Lies in each entry and holds the size in bytes of each of its files (of a link: the length of what it holds). */
const CONTENTS = 'contents.json';

/** Told to the person who waits; one line each. */
export type Report = (line: string) => void;

/**
 * Returns the folder `cache/key`, made by `produce` where it is missing or damaged. An entry is made beside its place and
 * renamed, so it is whole or absent; processes that want the same one at once wait for the first.
 *
 * @param produce fills the empty folder that it is given
 * @param mayChange names of files that others write to rightly, so that another size is no damage
 * @throws SetupError what `produce` throws, `python-missing`, `cache-unusable`, `disk-full`
 */
export async function ensureCacheEntry(
  cache: string,
  key: string,
  report: Report,
  produce: (folder: string, python: string) => Promise<void>,
  mayChange?: RegExp,
): Promise<string> {
  const folder = path.join(cache, key);
  if (findDamage(folder) === undefined) return folder;
  const python = findPython();
  createCacheFolder(cache);
  const sayWaiting = () => report(`Another process is setting up ${key}; waiting for it.`);
  return withFileLock(`${folder}.lock`, python, sayWaiting, async () => {
    const damage = findDamage(folder);
    if (damage === undefined) return folder;
    if (damage !== 'it is missing') report(`${key} in the cache is damaged (${damage}); making it anew.`);
    removeRemains(cache, key);
    const unfinished = `${folder}.unfinished-${randomBytes(4).toString('hex')}`;
    try {
      mkdirSync(unfinished);
      await produce(unfinished, python);
      writeFileSync(path.join(unfinished, CONTENTS), JSON.stringify(measure(unfinished, mayChange), undefined, 2));
      publish(unfinished, folder);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw isDiskFull(error) ? diskFull(cache, `${key} did not fit`) : error;
    }
    return folder;
  });
}

/** What is wrong with an entry, by looking at names and sizes only; undefined if nothing is. */
export function findDamage(folder: string): string | undefined {
  let contents: unknown;
  try {
    contents = JSON.parse(readFileSync(path.join(folder, CONTENTS), 'utf8'));
  } catch (error) {
    return isMissing(error) && lstatSync(folder, { throwIfNoEntry: false }) === undefined
      ? 'it is missing'
      : `${CONTENTS} cannot be read`;
  }
  if (typeof contents !== 'object' || contents === null) return `${CONTENTS} is no object`;
  for (const [file, size] of Object.entries(contents)) {
    const found = lstatSync(path.join(folder, file), { throwIfNoEntry: false })?.size;
    if (found === undefined) return `${file} is missing`;
    if (found !== size) return `${file} has ${found} bytes instead of ${size}`;
  }
  return undefined;
}

/** Programs that run from the old folder keep its files open, so it is moved away before it is deleted. */
function publish(unfinished: string, folder: string): void {
  const old = `${folder}.unfinished-old`;
  rmSync(old, { recursive: true, force: true });
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) renameSync(folder, old);
  renameSync(unfinished, folder);
  rmSync(old, { recursive: true, force: true });
}

/** What killed processes left of this entry. Only the lock's holder may call this. */
function removeRemains(cache: string, key: string): void {
  for (const name of readdirSync(cache)) {
    if (name.startsWith(`${key}.unfinished-`))
      rmSync(path.join(cache, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function measure(folder: string, mayChange?: RegExp): Record<string, number> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory() && !mayChange?.test(entry.name),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return [path.relative(folder, file), lstatSync(file).size];
    }),
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
