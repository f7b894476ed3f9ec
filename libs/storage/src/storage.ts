import type { Readable } from 'node:stream';

/** What a store knows of one artifact. */
export interface ArtifactInfo {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** What to read of an artifact, and how long. */
export interface ReadOptions {
  /** An artifact that is longer is damaged; it is not read. */
  maxBytes?: number | undefined;
  /** Ends the reading, with its reason, even while the storage does not answer. */
  signal?: AbortSignal | undefined;
}

/** A part of an artifact: from byte `start` to byte `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * A place to write files that nobody sees until they are published together.
 * Each file is written below {@link StagedFolder.path}, a folder on this machine.
 */
export interface StagedFolder {
  readonly path: string;
  /**
   * Makes the folder visible at `prefix`, all of it or nothing, first wins.
   * Returns `true` where this folder is now the one at `prefix`, `false` where another was there before;
   * in both cases the staged files are gone. Where it throws, they are still there, to publish again or to discard:
   * `InvalidKeyError` names a file that no key could reach, `EmptyFolderError` says that there is no file.
   */
  publish(prefix: string): Promise<boolean>;
  /** Throws the staged files away; harmless after {@link StagedFolder.publish}. */
  discard(): Promise<void>;
}

/**
 * A folder on this machine that holds artifacts for reading, for libraries that open files by name. It stays as it is
 * until {@link LocalFolder.release}; a driver that copies artifacts to this machine may remove the copy after that.
 */
export interface LocalFolder extends Disposable {
  readonly path: string;
  /** Says that this user needs the folder no more; harmless when repeated. `using` calls it at the end of a block. */
  release(): void;
}

/**
 * Artifacts by key: datasets, models, checkpoints, generated text. A key is a path of 1 to 16 segments, such as
 * `models/model_01J…/config.json`, of at most 1024 characters in all; a segment is 1 to 255 of `A–Z a–z 0–9 . _ - +`
 * and does not start with a dot. Any other key is an {@link import('./errors.js').InvalidKeyError}, and so is one that
 * has an artifact as its folder or a folder as its artifact.
 *
 * A prefix is written as a key and means the artifacts whose keys continue from it with a slash.
 *
 * Every method throws {@link import('./errors.js').StorageUnavailableError} if the place that keeps the artifacts cannot
 * be used or does not answer for a minute; its message says what to do.
 *
 * What others put into that place may be wrong in kind, such as a link, a FIFO or a device. Nothing of that is followed,
 * read or listed: to read it is an {@link import('./errors.js').ArtifactDamagedError}, to delete it removes it.
 */
export interface Storage {
  /** Where the artifacts are kept, as people who run the system know it: a folder's path, or an address without keys. */
  readonly place: string;
  /**
   * Writes an artifact whole, replacing what was there; a reader sees the old bytes or the new ones, also after a
   * crash. Returns its size in bytes. An error of the `content` stream comes out as it is, and nothing is written.
   */
  put(key: string, content: Uint8Array | string | Readable): Promise<number>;
  /**
   * Writes an artifact unless there is one already. Returns whether it was written: `true` for one of several writers.
   * A stream is destroyed where it is not read.
   */
  putIfAbsent(key: string, content: Uint8Array | string | Readable): Promise<boolean>;
  /**
   * The bytes, or a range of them, as a stream to be read or destroyed. Bytes beyond the end are left out. Throws
   * `ArtifactNotFoundError` and `ArtifactDamagedError` before the stream is given, and `RangeError` if no range could be
   * meant. The signal ends both the opening and the stream, with its reason.
   */
  read(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;
  /**
   * The bytes at once. Throws `ArtifactNotFoundError`, `ArtifactDamagedError` also if there are more than `maxBytes`, and
   * the signal's reason.
   */
  readBytes(key: string, options?: ReadOptions): Promise<Buffer>;
  /** What is known of an artifact, or `undefined` if there is none. */
  stat(key: string): Promise<ArtifactInfo | undefined>;
  /** The artifacts below a prefix, or all of them for `''`, in the order of their keys (by code unit). */
  list(prefix: string): AsyncIterable<ArtifactInfo>;
  /** The names directly below a prefix, or the first segments of all keys for `''`, files and folders, sorted. */
  listNames(prefix: string): Promise<string[]>;
  /** Removes one artifact; harmless if there is none. */
  delete(key: string): Promise<void>;
  /** Removes all artifacts below a prefix; harmless if there is none. */
  deleteAll(prefix: string): Promise<void>;
  /** A new empty place to write a folder's files. */
  stage(): Promise<StagedFolder>;
  /**
   * Removes what crashes left staged and nobody has written or renewed for `olderThanMs`, at most `limit` files and
   * folders. Returns how many. What a living process has staged is renewed each hour.
   */
  removeLeftovers(olderThanMs: number, limit: number): Promise<number>;
  /**
   * The files below `prefix` in a folder on this machine, until it is released. Throws `ArtifactNotFoundError` if there
   * are none.
   */
  localFolder(prefix: string): Promise<LocalFolder>;
  /** Throws `StorageUnavailableError` if artifacts cannot be written and read now. */
  check(): Promise<void>;
}
