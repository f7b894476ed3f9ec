export {
  ArtifactNotFoundError,
  EmptyFolderError,
  explainSystemError,
  InvalidKeyError,
  StorageError,
  StorageUnavailableError,
} from './errors.js';
export { FolderStorage } from './folder-storage.js';
export type { ArtifactInfo, ByteRange, StagedFolder, Storage } from './storage.js';
