import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { absentAs } from './absence.js';
import { makeFoldersOf, removeEmptyFolders, sync } from './durable-files.js';
import { ArtifactDamagedError, explainSystemError, InvalidKeyError, isSystemError } from '../errors.js';
import { lstat, open, realpath, unlink } from './guarded-files.js';
import { splitKey, splitPrefix } from '../key.js';
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

  /** The path of the folder of this prefix, or `undefined` if there is none. Throws {@link ArtifactDamagedError}. */
  async findFolder(prefix: string): Promise<string | undefined> {
    const entry = await this.findEntry(splitPrefix(prefix), prefix);
    if (entry === undefined || entry.found.isFile()) return undefined;
    if (entry.found.isDirectory()) return entry.path;
    throw new ArtifactDamagedError(prefix, 'it is neither a file nor a folder');
  }

  /** The path of the file of this key, or `undefined` if there is none. Throws {@link ArtifactDamagedError}. */
  async findFile(key: string, signal?: AbortSignal): Promise<string | undefined> {
    const entry = await this.findEntry(splitKey(key), key, signal);
    if (entry === undefined || entry.found.isDirectory()) return undefined;
    if (entry.found.isFile()) return entry.path;
    throw new ArtifactDamagedError(key, 'it is neither a file nor a folder');
  }

  /** What lies at a path of this store, whatever it is. Throws {@link ArtifactDamagedError} if it is behind a link. */
  async findEntry(
    segments: readonly string[],
    key: string,
    signal?: AbortSignal,
  ): Promise<{ path: string; found: Stats } | undefined> {
    const path = join(this.#path, ...segments);
    const folder = segments.length === 0 ? path : dirname(path);
    if (!(await this.#isReal(folder, signal))) {
      throw new ArtifactDamagedError(key, 'it is behind a symbolic link, which is not followed');
    }
    const found = await absentAs(undefined, () => lstat(path, signal));
    return found && { path, found };
  }

  /** Whether a folder is not there or has no link on its way. */
  async #isReal(folder: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return [undefined, folder].includes(await absentAs(undefined, () => realpath(folder, signal)));
    } catch (error) {
      if (isSystemError(error, 'ELOOP')) return false;
      throw error;
    }
  }

  /** Removes what crashes left staged; see `Storage.removeLeftovers`. */
  async removeLeftovers(olderThanMs: number, limit: number): Promise<number> {
    return removeLeftovers(this.#path, olderThanMs, limit);
  }

  newStagedPath(): string {
    return newStagedPath(this.#path);
  }

  /** Writes a staged file to the disk, yields its path to `use`, and removes it unless `use` moved it. */
  async withStagedFile<T>(content: Uint8Array | string | Readable, use: (path: string) => Promise<T>): Promise<T> {
    const path = this.newStagedPath();
    try {
      await writeWhole(path, content);
      return await use(path);
    } catch (error) {
      const isOfContent = content instanceof Readable && content.errored === error;
      throw isOfContent ? error : explainSystemError(error, this.#path);
    } finally {
      const removing = absentAs(undefined, () => unlink(path));
      // What cannot be removed now is a leftover.
      await removing.catch(() => undefined);
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

async function writeWhole(path: string, content: Uint8Array | string | Readable): Promise<void> {
  const file = await open(path, 'wx');
  try {
    if (content instanceof Readable)
      for await (const chunk of content) await file.write(Buffer.from(chunk as Uint8Array));
    else await file.write(typeof content === 'string' ? Buffer.from(content) : content);
    await file.sync();
  } finally {
    await file.close().catch(() => undefined);
  }
}
