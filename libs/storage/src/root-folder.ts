import { lstat, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { absentAs } from './absence.js';
import { makeFoldersOf, removeEmptyFolders, sync } from './durable-files.js';
import { explainSystemError, InvalidKeyError, isSystemError } from './errors.js';
import { splitKey, splitPrefix } from './key.js';
import { removeLeftovers } from './staged-leftovers.js';
import { newStagedPath } from './staging.js';

/** How often others may remove a folder as empty between its making and the moving of something into it. */
const PLACING_ATTEMPTS = 20;

/** The folder that holds a store: finds what is in it, and brings to its place what was staged. */
export class RootFolder {
  readonly #path: string;

  /** `path` is absolute and without links, so that whatever lies below it and has another real path is behind a link. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The path of the folder of this prefix, or `undefined` where there is none. */
  async findFolder(prefix: string): Promise<string | undefined> {
    return this.#find(splitPrefix(prefix), 'folder');
  }

  /** The path of the file of this key, or `undefined` where there is none. */
  async findFile(key: string): Promise<string | undefined> {
    return this.#find(splitKey(key), 'file');
  }

  async #find(segments: readonly string[], kind: 'file' | 'folder'): Promise<string | undefined> {
    const path = join(this.#path, ...segments);
    const real = await absentAs(undefined, async () => realpath(path));
    if (real === undefined) return undefined;
    if (real !== path)
      throw new InvalidKeyError(segments.join('/'), 'it is behind a symbolic link, which is not followed');
    const found = await absentAs(undefined, async () => lstat(path));
    const isWanted = kind === 'file' ? found?.isFile() : found?.isDirectory();
    return isWanted === true ? path : undefined;
  }

  /** Removes what crashes left staged; see `Storage.removeLeftovers`. */
  async removeLeftovers(olderThanMs: number, limit: number): Promise<number> {
    return removeLeftovers(this.#path, olderThanMs, limit);
  }

  newStagedPath(): string {
    return newStagedPath(this.#path);
  }

  /** Writes a staged file to the disk, gives its path to `use`, and removes it unless `use` moved it. */
  async withStagedFile<T>(content: Uint8Array | string | Readable, use: (path: string) => Promise<T>): Promise<T> {
    const path = this.newStagedPath();
    try {
      await writeFile(path, content, { flag: 'wx', flush: true });
      return await use(path);
    } catch (error) {
      const isOfContent = content instanceof Readable && content.errored === error;
      throw isOfContent ? error : explainSystemError(error, this.#path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Makes the folders of a key, lets `move` bring something to its path, and makes that durable. */
  async place<T>(key: string, move: (target: string) => Promise<T>): Promise<T> {
    const target = join(this.#path, ...splitKey(key));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeFoldersOf(key, this.#path);
        const moved = await move(target);
        await sync(dirname(target));
        return moved;
      } catch (error) {
        if (isSystemError(error, 'EISDIR', 'EEXIST')) throw new InvalidKeyError(key, 'other artifacts are below it');
        if (isSystemError(error, 'ENOTDIR')) throw new InvalidKeyError(key, 'it is an artifact and no folder');
        if (!isSystemError(error, 'ENOENT') || attempt === PLACING_ATTEMPTS) throw error;
      }
    }
  }

  /** Makes a removal durable, and removes the folders that it left empty. */
  async tidyAfter(removed: string): Promise<void> {
    await sync(dirname(removed));
    await removeEmptyFolders(this.#path, dirname(removed));
  }

  /** Does something, and says in words what a system error of it means. */
  async explained<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw explainSystemError(error, this.#path);
    }
  }
}
