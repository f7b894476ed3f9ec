export { DeviceUnavailableError } from '../onnx/device-unavailable-error.js';
export type { Device, SessionOptions } from '../onnx/open-session.js';
export { GenerationModel, type GenerationTask } from './generation-model.js';
export { ModelFolderError } from './model-folder-error.js';
export type { GenerationCounts, Prompt } from './generate-lines.js';
export type { TextGrowth } from './text-growth.js';
export { generationRuntime } from './generation-runtime.js';
