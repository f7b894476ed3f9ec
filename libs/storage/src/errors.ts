/** What went wrong with the store or with what was asked of it. The `code` is stable. */
export class StorageError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** `artifact_not_found`: nothing is kept under a key. */
export class ArtifactNotFoundError extends StorageError {
  readonly key: string;

  constructor(key: string) {
    super('artifact_not_found', `There is no artifact "${key}".`);
    this.key = key;
  }
}

/** `invalid_key`: a key that can name no artifact; the message says why. */
export class InvalidKeyError extends StorageError {
  readonly key: string;

  constructor(key: string, reason: string) {
    super('invalid_key', `The key ${JSON.stringify(key)} is not valid: ${reason}.`);
    this.key = key;
  }
}

/** `artifact_damaged`: what lies under a key is no artifact, or none of the size that is meant there; the message says why. */
export class ArtifactDamagedError extends StorageError {
  readonly key: string;

  constructor(key: string, what: string) {
    super('artifact_damaged', `The artifact "${key}" is damaged: ${what}.`);
    this.key = key;
  }
}

/** `empty_folder`: a staged folder without files was to be published. */
export class EmptyFolderError extends StorageError {
  constructor(prefix: string) {
    super('empty_folder', `Nothing to publish as "${prefix}": the staged folder holds no files.`);
  }
}

/** `storage_unavailable`: the place that keeps the artifacts cannot be used now; `reason` is the system's own code. */
export class StorageUnavailableError extends StorageError {
  /** As in `ENOSPC`. */
  readonly reason: string;
  /** The message without the path of the place, for those who are not to know the machine's folders. */
  readonly publicMessage: string;

  /** `explain` says what is wrong with a place, and what to do. */
  constructor(reason: string, explain: (place: string) => string, cause: unknown, place?: string) {
    super('storage_unavailable', explain(place ?? THE_STORAGE), { cause });
    this.reason = reason;
    const told = explain(THE_STORAGE);
    this.publicMessage = told.charAt(0).toUpperCase() + told.slice(1);
  }

  /** Whether trying again later may help: a full disk may have room then, a folder without permission stays so. */
  get mayPass(): boolean {
    return !LASTING_REASONS.has(this.reason);
  }
}

const THE_STORAGE = 'the storage';

const LASTING_REASONS = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EEXIST', 'EXDEV']);

/** What the system's error codes mean for a store in the folder `root`, and what to do. */
const REMEDIES: ReadonlyMap<string, (root: string) => string> = new Map([
  ['ENOSPC', (root) => `The disk of ${root} is full. Free space on it, or move the store to a larger one.`],
  ['EDQUOT', (root) => `The disk quota for ${root} is used up. Free space there, or have the quota raised.`],
  ['EROFS', (root) => `${root} is on a read-only file system. Mount it writable, or choose another folder.`],
  ['EACCES', noPermission],
  ['EPERM', noPermission],
  [
    'ENOENT',
    (root) => `Something that ${root} needs is gone. See that it is mounted and that nobody deletes files in it.`,
  ],
  ['ENOTDIR', (root) => `${root} is not a folder, or lies below a file. Choose another folder.`],
  ['EEXIST', (root) => `${root} is a file and no folder. Choose another folder.`],
  ['EXDEV', (root) => `A folder in ${root} is on another file system. Keep the whole store on one.`],
  ['EIO', (root) => `The disk of ${root} fails to read or write. Check the disk.`],
  ['ETIMEDOUT', (root) => `The server of ${root} does not answer. See that it is up and can be reached.`],
  ['ENOTCONN', (root) => `The file system of ${root} is not connected. Mount it again.`],
  ['ESTALE', (root) => `The file system of ${root} was taken away. Mount it again.`],
  ['EMFILE', () => 'This process has too many files open. Raise its limit (ulimit -n).'],
  ['ENFILE', () => 'This machine has too many files open. Raise its limit (fs.file-max).'],
]);

function noPermission(root: string): string {
  return `This process may not write to ${root}. Give its user permission to read and write there, or choose another folder.`;
}

/** A system error as {@link StorageUnavailableError}, of the store in a folder if it is named; every other error as it is. */
export function explainSystemError(error: unknown, root?: string): unknown {
  if (!isSystemError(error)) return error;
  const explain = REMEDIES.get(error.code);
  return explain === undefined ? error : new StorageUnavailableError(error.code, explain, error, root);
}

/** Whether an error comes from a system call, with one of these codes where any are given. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException & { code: string } {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return false;
  return typeof error.code === 'string' && (codes.length === 0 || codes.includes(error.code));
}
