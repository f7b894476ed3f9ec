export { loadTensorFlow, type TensorFlow } from './load-tensorflow.js';
export { matrixProduct } from './matrix-product.js';
export { gatherRows, softmaxCrossEntropy, sparseSoftmaxCrossEntropy, sumRowsById } from './operations.js';
export { reportTensorFlow, type TensorFlowReport } from './tensorflow-report.js';
export { TensorFlowUnavailableError } from './tensorflow-unavailable-error.js';
export { type AdamUpdate, applyAdam } from './recorded/apply-adam.js';
export {
  type Entries,
  type Entry,
  entry,
  type EntryOutputs,
  type InputDeclaration,
  type InputValue,
} from './recorded/entry-declaration.js';
export * from './recorded/program-errors.js';
export { type ProgramDeclaration, type RecordedProgram, recordProgram } from './recorded/recorded-program.js';
export { statelessUniform } from './recorded/stateless-uniform.js';
export { type VariableValues } from './recorded/variable-access.js';
export type {
  GradSaveFunc,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from '@tensorflow/tfjs-node-gpu';
