import { dirname, join } from 'node:path';

import { absentAs } from './absence.js';
import { InvalidKeyError, isSystemError, StorageUnavailableError } from '../errors.js';
import { lstat, mkdir, open, readdir, rmdir } from './guarded-files.js';
import { splitKey } from '../key.js';

/** Makes a file's bytes, or a folder's entries, survive a power cut; what was removed meanwhile needs nothing. */
export async function sync(path: string): Promise<void> {
  const handle = await absentAs(undefined, () => open(path, 'r'));
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have no such call and need none.
    if (!isSystemError(error, 'EINVAL', 'ENOTSUP')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Makes every file below a folder survive a power cut, with the folders between, and counts the files.
 * Throws {@link InvalidKeyError} for one that could not be reached by a key when the folder is at `prefix`.
 */
export async function syncTree(folder: string, prefix: string): Promise<number> {
  let files = 0;
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry.name);
    const key = `${prefix}/${entry.name}`;
    splitKey(key);
    if (entry.isDirectory()) {
      files += await syncTree(path, key);
    } else if (entry.isFile()) {
      await sync(path);
      files += 1;
    } else {
      throw new InvalidKeyError(key, 'it is neither a file nor a folder');
    }
  }
  await sync(folder);
  return files;
}

/**
 * Makes a folder, and those above it that are not there. Node's own way never ends in a place such as `/proc`, where a
 * folder is there and none can be made in it.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await absentAs(undefined, () => lstat(path))) return;
  await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) {
      const explain = (place: string) => `No folder can be made in ${place}. Choose another folder.`;
      throw new StorageUnavailableError(error.code, explain, error, dirname(path));
    }
    // Another process was first.
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** Makes the folders that a key's file lies in, durably. Throws {@link InvalidKeyError} if one is a file or a link. */
export async function makeFoldersOf(key: string, root: string): Promise<void> {
  let folder = root;
  for (const segment of splitKey(key).slice(0, -1)) {
    const parent = folder;
    folder = join(parent, segment);
    try {
      await mkdir(folder);
      await sync(parent);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      const found = await lstat(folder);
      if (found.isSymbolicLink())
        throw new InvalidKeyError(key, `"${segment}" is a symbolic link, which is not followed`);
      if (!found.isDirectory()) throw new InvalidKeyError(key, `"${segment}" is an artifact and no folder`);
    }
  }
}

/** Removes a folder and those above it, up to `root`, as long as they are empty. */
export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let empty = folder; empty !== root; empty = dirname(empty)) {
    try {
      await rmdir(empty);
    } catch (error) {
      if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return;
      throw error;
    }
  }
}
