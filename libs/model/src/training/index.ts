export { exportModel } from '../export/export-model.js';
export type { ModelAbout } from '../export/model-about.js';
export { ParityError } from '../export/parity.js';
export { LossNotFiniteError } from './loss-not-finite-error.js';
export { train, type TrainingTask } from './train.js';
export type { TrainedModel } from './trained-model.js';
export type { TrainingMetric, TrainingProgress, TrainingSample } from './training-reports.js';
export { trainingRuntime } from './training-runtime.js';
