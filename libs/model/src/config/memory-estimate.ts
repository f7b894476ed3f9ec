import type { ModelConfig } from './model-config.js';
import { parameterCount } from './model-config.js';
import type { TrainingConfig } from './training-config.js';

/** TensorFlow, ONNX Runtime and Node.js before the first tensor, as measured on Linux x86_64. */
const RUNTIME_BYTES = 600 * 1024 ** 2;

const FLOAT_BYTES = 4;

/**
 * Weights, gradients, AdamW's two moments, clipped gradients and what else is alive of them while the step is recorded
 * eagerly: measured 18 at 25 million parameters; the rest is for checkpoints and export.
 */
const COPIES_OF_PARAMETERS = 20;

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
  if (model.kind === 'bigram') {
    // The loss sees a batch only through its V×V pair counts; the ids of inputs and targets are all that grows.
    // Measured at V 3000: 13 arrays of V×V at the peak, the parameters' copies among them.
    return 2 * batchTokens + 8 * vocabularySize * vocabularySize;
  }
  // Recording runs the step eagerly and keeps all that it computes, the backward pass too: about as many arrays again.
  const headArrays = 6 * vocabularySize; // logits, their gradient, and what the loss makes of them
  return batchTokens * (headArrays + 12 * model.nEmbd + blockNumbers(model));
}

/** The same of the blocks between embedding and head, for a token. */
function blockNumbers(model: Exclude<ModelConfig, { kind: 'bigram' }>): number {
  const { nEmbd, blockSize } = model;
  // A head's scores and probabilities hold a number for each token of the past, forward and backward.
  const scoreArrays = 10 * blockSize;
  switch (model.kind) {
    case 'averaging':
      return 6 * nEmbd + blockSize;
    case 'attention':
      return 24 * nEmbd + scoreArrays;
    case 'multi-head':
      return 30 * nEmbd + model.nHead * scoreArrays;
    case 'gpt':
      // Each layer norm 12 arrays of nEmbd, attention 30, the feed-forward 20 of four times nEmbd.
      return model.nLayer * (134 * nEmbd + model.nHead * scoreArrays);
  }
}
