import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { absentAs } from './absence.js';
import { ArtifactDamagedError, ArtifactNotFoundError, isSystemError } from '../errors.js';
import { GuardedHandle, lstat, open, realpath } from './guarded-files.js';
import type { ByteRange, ReadOptions } from '../storage.js';

/** A link is not followed, and the opening of a FIFO or of a device waits for nobody. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How much is read at once: by a stream, which holds little, and into memory that is there already. */
const STREAM_BYTES = 256 * 2 ** 10;
const WHOLE_BYTES = 4 * 2 ** 20;

/**
 * A file that is opened for reading, of which is known that it is one: what lies in a store may be a link, a FIFO, a
 * device or a folder instead, and reading some of them never ends.
 */
export class PlainFile {
  readonly #handle: GuardedHandle;
  readonly #name: string;
  readonly #sizeBytes: number;

  /** `name` is what it is called in errors. */
  private constructor(handle: GuardedHandle, name: string, sizeBytes: number) {
    this.#handle = handle;
    this.#name = name;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Opens the file of a path, which has a real folder. Throws {@link ArtifactDamagedError} for what is no file, and the
   * system's error.
   */
  static async open(path: string, name: string, signal?: AbortSignal): Promise<PlainFile> {
    // Before the opening, which alone may do something to a device; and after it, lest another took its place.
    checkPlain(await lstat(path, signal), name);
    const handle = await open(path, PLAIN, signal).catch((error: unknown) => {
      throw isSystemError(error, 'ELOOP', 'EMLINK', 'ENXIO') ? new ArtifactDamagedError(name, 'it is no file') : error;
    });
    try {
      const found = await handle.stat(signal);
      checkPlain(found, name);
      return new PlainFile(handle, name, found.size);
    } catch (error) {
      letGo(handle);
      throw error;
    }
  }

  /** Its bytes, or a range of them; ends and closes the file. */
  stream(range?: ByteRange, signal?: AbortSignal): Readable {
    return new PlainFileStream(this.#handle, range, signal);
  }

  /** All its bytes; closes the file. Throws {@link ArtifactDamagedError} if there are more than `maxBytes`. */
  async bytes({ maxBytes = Infinity, signal }: ReadOptions = {}): Promise<Buffer> {
    try {
      if (this.#sizeBytes > maxBytes) {
        throw new ArtifactDamagedError(this.#name, `it has ${this.#sizeBytes} bytes, and at most ${maxBytes} are read`);
      }
      const bytes = Buffer.allocUnsafe(this.#sizeBytes);
      let length = 0;
      while (length < bytes.length) {
        const read = await this.#handle.read(bytes.subarray(length, length + WHOLE_BYTES), length, signal);
        if (read === 0) break;
        length += read;
      }
      return bytes.subarray(0, length);
    } finally {
      letGo(this.#handle);
    }
  }
}

/**
 * Reads a file of a folder on this machine, such as `onnx/model.onnx`; no link on the way is followed. Throws
 * {@link ArtifactNotFoundError}, {@link ArtifactDamagedError} for what is no file or has more than `maxBytes`, and the
 * system's error.
 */
export async function readPlainFile(folder: string, file: string, options: ReadOptions = {}): Promise<Buffer> {
  return await (await openIn(folder, file, options.signal)).bytes(options);
}

async function openIn(folder: string, file: string, signal: AbortSignal | undefined): Promise<PlainFile> {
  const opened = await absentAs(undefined, async () => {
    const path = join(await realpath(folder, signal), file);
    const parent = dirname(path);
    if ((await realpath(parent, signal)) !== parent) {
      throw new ArtifactDamagedError(file, 'it is behind a symbolic link, which is not followed');
    }
    return await PlainFile.open(path, file, signal);
  });
  if (opened === undefined) throw new ArtifactNotFoundError(file);
  return opened;
}

/** As {@link readPlainFile}, as a stream to be read or destroyed. */
export async function streamPlainFile(folder: string, file: string, signal?: AbortSignal): Promise<Readable> {
  return (await openIn(folder, file, signal)).stream(undefined, signal);
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

function checkPlain(found: Kinds, name: string): void {
  if (found.isFile()) return;
  const kind = found.isDirectory()
    ? 'a folder'
    : found.isSymbolicLink()
      ? 'a symbolic link'
      : found.isFIFO()
        ? 'a FIFO'
        : found.isSocket()
          ? 'a socket'
          : 'a device';
  throw new ArtifactDamagedError(name, `it is ${kind} and no file`);
}

/** Nobody waits for the end of a call that may hang. */
function letGo(handle: GuardedHandle): void {
  void handle.close().catch(() => undefined);
}

/** Node's own stream of a file waits, when it is destroyed, for a reading that may hang. */
class PlainFileStream extends Readable {
  readonly #handle: GuardedHandle;
  readonly #end: number;
  #position: number;

  constructor(handle: GuardedHandle, { start, end }: ByteRange = { start: 0, end: Infinity }, signal?: AbortSignal) {
    super({ highWaterMark: STREAM_BYTES });
    this.#handle = handle;
    this.#position = start;
    this.#end = end;
    if (signal === undefined) return;
    const abort = () => this.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    this.once('close', () => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  override _read(): void {
    const length = Math.min(STREAM_BYTES, this.#end - this.#position + 1);
    if (length <= 0) {
      this.push(null);
      return;
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    this.#handle.read(bytes, this.#position).then(
      (read) => {
        this.#position += read;
        if (!this.destroyed) this.push(read === 0 ? null : bytes.subarray(0, read));
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    letGo(this.#handle);
    callback(error);
  }
}
