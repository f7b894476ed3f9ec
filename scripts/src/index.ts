export { findHuggingFace, HUGGING_FACE_COMMAND, type TransformersVersion } from './hugging-face.ts';
export { findRuntimes, type Runtimes } from './runtimes.ts';
export { SetupError, type SetupErrorCode } from './setup-error.ts';
export { startValkey, type ValkeyOptions, type ValkeyServer } from './valkey.ts';
