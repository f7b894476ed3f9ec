export { bigramConfig } from './kinds/bigram.js';
export type { AttentionConfig } from './kinds/attention.js';
export type { AveragingConfig } from './kinds/averaging.js';
export type { BigramConfig } from './kinds/bigram.js';
export type { GptConfig } from './kinds/gpt.js';
export type { MultiHeadConfig } from './kinds/multi-head.js';
export { MODEL_LIMITS } from './model-fields.js';
export { modelConfig, parameterCount } from './model-config.js';
export type { ModelConfig, ModelKind } from './model-config.js';
export { completeTrainingConfig } from './complete-training-config.js';
export {
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
