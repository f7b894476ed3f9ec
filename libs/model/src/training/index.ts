export type { Checkpoint } from '../checkpoints/checkpoint.js';
export { readCheckpoint, writeCheckpoint } from '../checkpoints/checkpoint-folder.js';
export { CheckpointInvalidError, ResumeMismatchError } from '../checkpoints/errors.js';
export type { Fingerprint } from '../checkpoints/fingerprint.js';
export { exportModel } from '../export/export-model.js';
export type { ModelAbout } from '../export/model-about.js';
export { ParityError } from '../export/parity.js';
export type { Weights } from '../weights/weights.js';
export { type InitialModel, InitMismatchError } from './initial-weights.js';
export { LossNotFiniteError } from './loss-not-finite-error.js';
export { train, type TrainingTask } from './train.js';
export type { TrainedModel } from './trained-model.js';
export { TrainingControl, TrainingEndedError } from './training-control.js';
export type {
  TrainingMetric,
  TrainingPreparation,
  TrainingProgress,
  TrainingResumption,
  TrainingSample,
  TrainingStepReport,
} from './training-reports.js';
export { trainingRuntime } from './training-runtime.js';
