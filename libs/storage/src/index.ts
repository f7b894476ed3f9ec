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
export { FolderStorage } from './folder-storage.js';
export { readPlainFile, streamPlainFile } from './plain-file.js';
export type { ArtifactInfo, ByteRange, StagedFolder, Storage } from './storage.js';
