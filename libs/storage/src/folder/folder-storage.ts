import { resolve } from 'node:path';
import { Readable } from 'node:stream';

import { absentAs } from './absence.js';
import { describeFile, readNames, walkArtifacts } from './artifact-walk.js';
import { makeFolder, syncTree } from './durable-files.js';
import { ArtifactNotFoundError, EmptyFolderError, explainSystemError, isSystemError } from '../errors.js';
import { link, lstat, mkdir, realpath, remove, rename, unlink } from './guarded-files.js';
import { splitKey } from '../key.js';
import { makePrivate } from './private-folder.js';
import { PlainFile } from './plain-file.js';
import { RootFolder } from './root-folder.js';
import { keepWanted } from './staged-leftovers.js';
import { STAGING } from './staging.js';
import type { ArtifactInfo, ByteRange, LocalFolder, ReadOptions, StagedFolder, Storage } from '../storage.js';

/**
 * Artifacts as files below one folder, a key's segments being its path. Several processes, also on several machines
 * over a shared file system, may use one folder at the same time. What is written goes first into `.staging`, to the
 * disk, and then to its place in one rename or link, so that it is there whole or not at all.
 *
 *     const storage = await FolderStorage.open('./data/artifacts');
 *     await storage.put('datasets/d1/text', 'Call me Ishmael.');
 */
export class FolderStorage implements Storage {
  readonly place: string;
  readonly #root: RootFolder;

  private constructor(place: string, root: RootFolder) {
    this.place = place;
    this.#root = root;
  }

  /**
   * Opens the store in a folder, which is made if it does not exist; with `isPrivate`, nobody but its owner may enter it
   * from then on. Throws `StorageUnavailableError`.
   */
  static async open(path: string, { isPrivate = false } = {}): Promise<FolderStorage> {
    try {
      await makeFolder(resolve(path, STAGING));
      if (isPrivate) await makePrivate(path);
      const storage = new FolderStorage(path, new RootFolder(await realpath(path)));
      await storage.check();
      return storage;
    } catch (error) {
      throw explainSystemError(error, path);
    }
  }

  async put(key: string, content: Uint8Array | string | Readable): Promise<number> {
    splitKey(key);
    return this.#root.withStagedFile(content, async (staged) => {
      const { size } = await lstat(staged);
      await this.#root.place(key, (target) => rename(staged, target));
      return size;
    });
  }

  async putIfAbsent(key: string, content: Uint8Array | string | Readable): Promise<boolean> {
    if ((await this.stat(key)) !== undefined) {
      if (content instanceof Readable) content.destroy();
      return false;
    }
    return this.#root.withStagedFile(content, (staged) => this.#root.place(key, (target) => linkFirst(staged, target)));
  }

  async read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    if (range !== undefined) checkRange(range);
    return (await this.#open(key, signal)).stream(range, signal);
  }

  async readBytes(key: string, options: ReadOptions = {}): Promise<Buffer> {
    const file = await this.#open(key, options.signal);
    return this.#root.explained(() => file.bytes(options));
  }

  async #open(key: string, signal: AbortSignal | undefined): Promise<PlainFile> {
    return this.#root.explained(async () => {
      const path = await this.#root.findFile(key, signal);
      const file = path === undefined ? undefined : await absentAs(undefined, () => PlainFile.open(path, key, signal));
      if (file === undefined) throw new ArtifactNotFoundError(key);
      return file;
    });
  }

  async stat(key: string): Promise<ArtifactInfo | undefined> {
    return this.#root.explained(async () => {
      const path = await this.#root.findFile(key);
      return path === undefined ? undefined : describeFile(path, key);
    });
  }

  async *list(prefix: string): AsyncGenerator<ArtifactInfo> {
    const folder = await this.#root.explained(() => this.#root.findFolder(prefix));
    if (folder === undefined) return;
    const artifacts = walkArtifacts(folder, prefix);
    for (;;) {
      const next = await this.#root.explained(() => artifacts.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async listNames(prefix: string): Promise<string[]> {
    return this.#root.explained(async () => {
      const folder = await this.#root.findFolder(prefix);
      const names = folder === undefined ? [] : await readNames(folder, prefix);
      return names.map((name) => name.replace('/', '')).sort();
    });
  }

  async delete(key: string): Promise<void> {
    await this.#root.explained(async () => {
      const entry = await this.#root.findEntry(splitKey(key), key);
      if (entry === undefined || entry.found.isDirectory()) return;
      await absentAs(undefined, () => unlink(entry.path));
      await this.#root.tidyAfter(entry.path);
    });
  }

  async deleteAll(prefix: string): Promise<void> {
    await this.#root.explained(async () => {
      const entry = await this.#root.findEntry(splitKey(prefix), prefix);
      // A link is removed itself, and not what it leads to.
      if (entry === undefined || entry.found.isFile()) return;
      // First out of sight, all at once; then file by file.
      const staged = this.#root.newStagedPath();
      await absentAs(undefined, () => rename(entry.path, staged));
      await this.#root.tidyAfter(entry.path);
      await remove(staged);
    });
  }

  async stage(): Promise<StagedFolder> {
    const path = this.#root.newStagedPath();
    await this.#root.explained(() => mkdir(path));
    const letGo = keepWanted(path);
    return {
      path,
      publish: async (prefix) => {
        const isFirst = await this.#publish(path, prefix);
        letGo();
        return isFirst;
      },
      discard: async () => {
        letGo();
        await this.#root.explained(() => remove(path));
      },
    };
  }

  async removeLeftovers(olderThanMs: number, limit: number): Promise<number> {
    return this.#root.explained(() => this.#root.removeLeftovers(olderThanMs, limit));
  }

  async localFolder(prefix: string): Promise<LocalFolder> {
    splitKey(prefix);
    const folder = await this.#root.explained(() => this.#root.findFolder(prefix));
    if (folder === undefined) throw new ArtifactNotFoundError(prefix);
    // The artifacts themselves: there is no copy to remove.
    return { path: folder, release: () => undefined, [Symbol.dispose]: () => undefined };
  }

  async check(): Promise<void> {
    await this.#root.withStagedFile('written and read', async (staged) =>
      (await PlainFile.open(staged, 'a staged file')).bytes(),
    );
  }

  async #publish(staged: string, prefix: string): Promise<boolean> {
    splitKey(prefix);
    return this.#root.explained(async () => {
      if ((await syncTree(staged, prefix)) === 0) throw new EmptyFolderError(prefix);
      const isFirst = await this.#root.place(prefix, (target) => renameFirst(staged, target));
      if (!isFirst) await remove(staged);
      return isFirst;
    });
  }
}

/** Links a file to a path where there is no artifact. Returns whether there was none; of several callers one is first. */
async function linkFirst(file: string, target: string): Promise<boolean> {
  try {
    await link(file, target);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST') && (await lstat(target)).isFile()) return false;
    throw error;
  }
}

/** Renames a folder to a path where there is none with files. Returns whether there was none; of several callers one is first. */
async function renameFirst(folder: string, target: string): Promise<boolean> {
  try {
    await rename(folder, target);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

function checkRange({ start, end }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return;
  throw new RangeError(`Bytes ${start} to ${end} are no range; it takes two whole numbers with 0 ≤ start ≤ end.`);
}
