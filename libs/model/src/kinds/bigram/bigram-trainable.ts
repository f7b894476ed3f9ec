import type { Tensor2D } from '@glyphmill/tensorflow';
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
        pairs: { shape: [vocabularySize, vocabularySize], dtype: 'float32' },
        firsts: { shape: [vocabularySize, 1], dtype: 'float32' },
      },
      valuesOf: (batch) => {
        const { pairs, firsts } = pairFrequencies(batch, vocabularySize);
        return { pairs, firsts };
      },
    }),
    loss: (pass, { pairs, firsts }) =>
      pairLoss(pass.tensorflow, pass.matrix(TABLE), { pairs: pairs as Tensor2D, firsts: firsts as Tensor2D }),
    logits: (pass, ids) =>
      bigramLogits(pass.tensorflow, pass.matrix(TABLE), ids).reshape([pass.batchSize * pass.length, vocabularySize]),
  };
}
