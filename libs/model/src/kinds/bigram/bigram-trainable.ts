import type { Tensor1D, Tensor2D } from '@glyphmill/tensorflow';
import type { BigramConfig } from '../../config/index.js';
import type { Trainable } from '../../learner/trainable.js';
import { bigramLogits, TABLE } from './bigram.js';
import { pairFrequencies } from './pair-frequencies.js';
import { pairLoss } from './pair-loss.js';

/**
 * A bigram learns its table W [V, V] from the counts of a batch's pairs of tokens: a step's cost does not grow with the
 * batch once they are counted (docs/decisions/0004-bigram-by-pair-counts.md).
 */
export function bigramTrainable({ blockSize }: BigramConfig, vocabularySize: number): Trainable {
  return {
    blockSize,
    dropout: 0,
    batchForm: () => ({
      inputs: {
        firsts: { shape: [vocabularySize], dtype: 'float32' },
        seconds: { shape: [vocabularySize, vocabularySize], dtype: 'float32' },
      },
      valuesOf: (batch) => {
        const { firsts, seconds } = pairFrequencies(batch, vocabularySize);
        return { firsts, seconds };
      },
    }),
    loss: (pass, { firsts, seconds }) =>
      pairLoss(pass.tensorflow, pass.matrix(TABLE), { firsts: firsts as Tensor1D, seconds: seconds as Tensor2D }),
    logits: (pass, ids) =>
      bigramLogits(pass.tensorflow, pass.matrix(TABLE), ids).reshape([pass.batchSize * pass.length, vocabularySize]),
  };
}
