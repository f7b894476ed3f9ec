import type { ModelConfig } from './model-config.js';
import { parameterCount } from './model-config.js';
import type { TrainingConfig } from './training-config.js';

/** TensorFlow, ONNX Runtime and Node.js before the first tensor, as measured on Linux x86_64. */
const RUNTIME_BYTES = 600 * 1024 ** 2;

const FLOAT_BYTES = 4;

/** Weights, gradients, and AdamW's two moments, and one spare copy for checkpoints and export. */
const COPIES_OF_PARAMETERS = 5;

/**
 * About how many bytes of memory a training takes at its peak, the runtime included. It is meant to refuse what
 * cannot fit before anything is allocated, so it leans to the high side.
 */
export function trainingMemoryBytes(
  model: ModelConfig,
  training: Pick<TrainingConfig, 'batchSize'>,
  dataset: { characters: number; vocabularySize: number },
): number {
  const parameters = parameterCount(model, dataset.vocabularySize);
  const batchTokens = training.batchSize * model.blockSize;
  const datasetBytes = dataset.characters * (FLOAT_BYTES + 4);
  return (
    RUNTIME_BYTES +
    datasetBytes +
    FLOAT_BYTES * (COPIES_OF_PARAMETERS * parameters + activationNumbers(model, batchTokens, dataset.vocabularySize))
  );
}

/** How many numbers one step keeps between the forward and the backward pass. */
function activationNumbers(model: ModelConfig, batchTokens: number, vocabularySize: number): number {
  switch (model.kind) {
    case 'bigram':
      // The loss sees a batch only through its V×V pair counts; the ids of inputs and targets are all that grows.
      // Measured at V 3000: 13 arrays of V×V at the peak, the parameters' copies among them.
      return 2 * batchTokens + 8 * vocabularySize * vocabularySize;
  }
}
