import type { ModelConfig } from './model-config.js';
import { parameterCount } from './model-config.js';
import type { TrainingConfig } from './training-config.js';

/*
 * Every factor here is fitted to measured peaks (`npm run bench -- memory`, docs/benchmarks-memory.md) and leans to the
 * high side: what is let in must not be killed for memory. XLA, which takes more, counts as on.
 */

const MEBIBYTE = 1024 ** 2;
const FLOAT_BYTES = 4;

/** TensorFlow, ONNX Runtime and Node.js before the first tensor, and what a handful of operations takes with XLA. */
const RUNTIME_BYTES = 760 * MEBIBYTE;

/** The graph of one layer, forward and backward, as TensorFlow and XLA hold it. */
const LAYER_BYTES = 14 * MEBIBYTE;

/** A character as a token, and a byte of the text in the file that is read, in the string, and while it is hashed. */
const CHARACTER_BYTES = 8;
const COPIES_OF_TEXT = 3;

/**
 * Weights, gradients and AdamW's two moments in TensorFlow; and in JavaScript the copies of which checkpoints, the best
 * weights and the export are made: 24 were measured, 28 with XLA.
 */
const COPIES_OF_PARAMETERS = 30;

/** The sum of gradients that accumulate, and what it is checkpointed and applied by. */
const COPIES_TO_ACCUMULATE = 3;

/**
 * Arrays of logits, those of one row of the block's length (samples, and the check of the export), and those of a batch.
 * JavaScript gives the first back only when it collects its garbage.
 */
const ROW_LOGITS = 16;
const BATCH_LOGITS = 6;

/** Arrays of the scores of a head of attention: those of one row in the check of the export, and those of each layer. */
const ROW_SCORES = 6;
const LAYER_SCORES = 4;
const DROPOUT_SCORES = 2;

/** About how many bytes of memory a training run takes at its peak, the runtime, checkpoints and the export included. */
export function trainingMemoryBytes(
  model: ModelConfig,
  training: Pick<TrainingConfig, 'batchSize'> & Partial<Pick<TrainingConfig, 'gradientAccumulationSteps'>>,
  dataset: { characters: number; vocabularySize: number; bytes?: number },
): number {
  const { gradientAccumulationSteps: accumulationSteps = 1 } = training;
  const copies = COPIES_OF_PARAMETERS + (accumulationSteps > 1 ? COPIES_TO_ACCUMULATE : 0);
  const numbers =
    copies * parameterCount(model, dataset.vocabularySize) +
    batchNumbers(model, training.batchSize, dataset.vocabularySize) +
    rowNumbers(model, dataset.vocabularySize);
  const layers = model.kind === 'gpt' ? model.nLayer : 1;
  const { characters, bytes = characters } = dataset;
  const textBytes = CHARACTER_BYTES * characters + COPIES_OF_TEXT * bytes;
  return RUNTIME_BYTES + layers * LAYER_BYTES + textBytes + Math.ceil(FLOAT_BYTES * numbers);
}

/** How many numbers a step keeps of its batch between the forward and the backward pass. */
function batchNumbers(model: ModelConfig, batchSize: number, vocabularySize: number): number {
  const tokens = batchSize * model.blockSize;
  // A bigram's loss sees a batch only through its V×V pair counts; ids of inputs and targets are all that grows.
  if (model.kind === 'bigram') return 4 * tokens;
  return tokens * (BATCH_LOGITS * vocabularySize + 8 * model.nEmbd + layerNumbers(model));
}

/** The same of the layers between embedding and head, for a token. */
function layerNumbers(model: Exclude<ModelConfig, { kind: 'bigram' }>): number {
  const { nEmbd, blockSize } = model;
  // A head's scores hold a number for each token of the block.
  const scores = blockSize * (LAYER_SCORES + (model.dropout > 0 ? DROPOUT_SCORES : 0));
  switch (model.kind) {
    case 'averaging':
      return 4 * nEmbd;
    case 'attention':
      return 10 * nEmbd + scores;
    case 'multi-head':
      return 12 * nEmbd + model.nHead * scores;
    case 'gpt':
      return model.nLayer * (26 * nEmbd + model.nHead * scores);
  }
}

/** How many numbers one row of the block's length takes in a sample and in the check of the export. */
function rowNumbers(model: ModelConfig, vocabularySize: number): number {
  const logits = ROW_LOGITS * model.blockSize * vocabularySize;
  if (model.kind === 'bigram' || model.kind === 'averaging') return logits;
  const heads = model.kind === 'attention' ? 1 : model.nHead;
  return logits + ROW_SCORES * heads * model.blockSize ** 2;
}
