export { bigramConfig, MODEL_LIMITS, modelConfig, parameterCount } from './model-config.js';
export type {
  AttentionConfig,
  AveragingConfig,
  BigramConfig,
  GptConfig,
  ModelConfig,
  ModelKind,
  MultiHeadConfig,
} from './model-config.js';
export {
  completeTrainingConfig,
  KEPT_TRAINING_SETTINGS,
  MAX_BATCH_TOKENS,
  partialTrainingConfig,
  trainingConfig,
  trainingContradictions,
} from './training-config.js';
export type { PartialTrainingConfig, TrainingConfig } from './training-config.js';
export { sizeDifferences } from './size-differences.js';
export { samplingConfig } from './sampling-config.js';
export type { SamplingConfig } from './sampling-config.js';
export { trainingMemoryBytes } from './memory-estimate.js';
export { MANIFEST_FORMAT_VERSION, modelManifest } from './manifest.js';
export type { ModelManifest } from './manifest.js';
export { encodeJsonLine, finishReason, generatedLine, lineError, outputLine } from './output-line.js';
export type { FailedLine, GeneratedLine, OutputLine, TokenLogprobs } from './output-line.js';
