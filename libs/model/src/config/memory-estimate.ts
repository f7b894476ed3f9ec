import { factsOf, type ModelConfig, parameterCount } from './model-config.js';
import type { TrainingConfig } from './training-config.js';

/*
 * Every factor here, and in kinds/, is fitted to measured peaks (`npm run bench -- memory`, docs/benchmarks-memory.md) and
 * leans to the high side: what is let in must not be killed for memory. XLA, which takes more, counts as on.
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
 * Arrays of logits of one row of the block's length (samples, and the check of the export). JavaScript gives them back only
 * when it collects its garbage.
 */
const ROW_LOGITS = 16;

/** Arrays of the scores of a head of attention of one row in the check of the export. */
const ROW_SCORES = 6;

/** About how many bytes of memory a training run takes at its peak, the runtime, checkpoints and the export included. */
export function trainingMemoryBytes(
  model: ModelConfig,
  training: Pick<TrainingConfig, 'batchSize'> & Partial<Pick<TrainingConfig, 'gradientAccumulationSteps'>>,
  dataset: { characters: number; vocabularySize: number; bytes?: number },
): number {
  const { gradientAccumulationSteps: accumulationSteps = 1 } = training;
  const copies = COPIES_OF_PARAMETERS + (accumulationSteps > 1 ? COPIES_TO_ACCUMULATE : 0);
  const { vocabularySize, characters, bytes = characters } = dataset;
  const facts = factsOf(model.kind);
  const numbers =
    copies * parameterCount(model, vocabularySize) +
    training.batchSize * model.blockSize * facts.tokenNumbers(model, vocabularySize) +
    ROW_LOGITS * model.blockSize * vocabularySize +
    ROW_SCORES * facts.rowScores(model) * model.blockSize ** 2;
  const textBytes = CHARACTER_BYTES * characters + COPIES_OF_TEXT * bytes;
  return RUNTIME_BYTES + facts.layerCount(model) * LAYER_BYTES + textBytes + Math.ceil(FLOAT_BYTES * numbers);
}
