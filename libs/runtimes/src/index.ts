export { ChildProgram, type ProgramEnd, ProgramEndedError, type Serving } from './child-program.ts';
export { findRuntimes, type Runtimes } from './runtimes.ts';
export { findHuggingFace, HUGGING_FACE_COMMAND, type TransformersVersion } from './setup/hugging-face.ts';
export { SetupError, type SetupErrorCode } from './setup/setup-error.ts';
export { startValkey, type ValkeyOptions, type ValkeyServer } from './valkey.ts';
