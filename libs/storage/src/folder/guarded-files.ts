import type { Dirent, Stats } from 'node:fs';
import * as files from 'node:fs/promises';

import { HANG_MS, HangGuard } from './hang-guard.js';

/** One guard a process, as there is one pool of threads. */
const guard = new HangGuard();

/** What goes over many files, or waits for a disk to have written gigabytes, may take longer. */
const LONG_MS = 10 * HANG_MS;

/** As Node's functions of the same names, but nobody waits for ever where a file system never answers: see `HangGuard`. */
export const lstat = (path: string, signal?: AbortSignal): Promise<Stats> =>
  guard.run(() => files.lstat(path), { signal });
export const stat = (path: string): Promise<Stats> => guard.run(() => files.stat(path));
export const chmod = (path: string, mode: number): Promise<void> => guard.run(() => files.chmod(path, mode));
export const realpath = (path: string, signal?: AbortSignal): Promise<string> =>
  guard.run(() => files.realpath(path), { signal });
export const readdir = (path: string): Promise<Dirent[]> =>
  guard.run(() => files.readdir(path, { withFileTypes: true }), { limitMs: LONG_MS });
export const mkdir = (path: string): Promise<void> => guard.run(() => files.mkdir(path));
export const rmdir = (path: string): Promise<void> => guard.run(() => files.rmdir(path));
export const unlink = (path: string): Promise<void> => guard.run(() => files.unlink(path));
export const link = (file: string, path: string): Promise<void> => guard.run(() => files.link(file, path));
export const rename = (from: string, to: string): Promise<void> => guard.run(() => files.rename(from, to));
export const utimes = (path: string, accessed: Date, modified: Date): Promise<void> =>
  guard.run(() => files.utimes(path, accessed, modified));
/** Removes a file, or a folder with all that is in it. */
export const remove = (path: string): Promise<void> =>
  guard.run(() => files.rm(path, { recursive: true, force: true }), { limitMs: LONG_MS });

/** Opens a file; see {@link GuardedHandle}. */
export async function open(path: string, flags: string | number, signal?: AbortSignal): Promise<GuardedHandle> {
  const discard = (late: files.FileHandle) => void late.close().catch(() => undefined);
  return new GuardedHandle(await guard.run(() => files.open(path, flags), { signal, discard }));
}

/** An open file whose calls nobody waits for for ever. */
export class GuardedHandle {
  readonly #handle: files.FileHandle;

  constructor(handle: files.FileHandle) {
    this.#handle = handle;
  }

  stat(signal?: AbortSignal): Promise<Stats> {
    return guard.run(() => this.#handle.stat(), { signal });
  }

  /** Reads into `bytes` from its start; returns how many were read, of the file's from `position` on. */
  async read(bytes: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const reading = () => this.#handle.read(bytes, 0, bytes.length, position);
    return (await guard.run(reading, { signal })).bytesRead;
  }

  /** Appends all of the bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + WRITE_BYTES);
      at += (await guard.run(() => this.#handle.write(part))).bytesWritten;
    }
  }

  /** Waits until the disk has the file's bytes. */
  sync(): Promise<void> {
    return guard.run(() => this.#handle.sync(), { limitMs: LONG_MS });
  }

  /** Closes the file, once the call has ended that is under way. */
  close(): Promise<void> {
    return guard.run(() => this.#handle.close());
  }
}

const WRITE_BYTES = 4 * 2 ** 20;
