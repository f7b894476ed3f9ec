export { parseDocument, readDocument } from './document.js';
export {
  ArtifactDamagedError,
  ArtifactNotFoundError,
  EmptyFolderError,
  explainSystemError,
  InvalidKeyError,
  StorageError,
  StorageUnavailableError,
} from './errors.js';
export { readPlainFile, streamPlainFile } from './folder/plain-file.js';
export { openStorage, UnknownStorageError } from './open-storage.js';
export type { ArtifactInfo, ByteRange, LocalFolder, StagedFolder, Storage } from './storage.js';
