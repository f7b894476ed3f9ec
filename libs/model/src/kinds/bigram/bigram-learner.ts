import type { Batch } from '@glyphmill/data';
import type { Rank, Tensor2D, TensorFlow, Variable } from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../../config/index.js';
import { AdamW } from '../../training/adamw.js';
import { clipByGlobalNorm } from '../../training/gradient-clipping.js';
import type { WeightArray, Weights } from '../../weights/weights.js';
import type { Learner, StepOptions } from '../learner.js';
import { bigramLogits, TABLE } from './bigram.js';
import { pairFrequencies } from './pair-frequencies.js';
import { pairLoss, pairLossGradient, type PairTensors } from './pair-loss.js';

/**
 * Trains a bigram's table W [V, V] by the counts of a batch's pairs of tokens: a step's cost does not grow with the
 * batch once they are counted (docs/decisions/0004-bigram-by-pair-counts.md).
 */
export class BigramLearner implements Learner {
  readonly #tensorflow: TensorFlow;
  readonly #table: Variable<Rank.R2>; // [V, V]
  readonly #optimizer: AdamW;
  readonly #gradientClip: number;
  readonly #vocabularySize: number;

  constructor(tensorflow: TensorFlow, table: WeightArray, training: TrainingConfig) {
    const { tf } = tensorflow;
    this.#tensorflow = tensorflow;
    const vocabularySize = table.shape[0]!;
    this.#vocabularySize = vocabularySize;
    // Through an operation: a variable made from an array may share its memory.
    this.#table = tf.tidy(() =>
      tf.variable(tf.tensor2d(table.values, [vocabularySize, vocabularySize]).add<Tensor2D>(0)),
    );
    this.#optimizer = new AdamW(tensorflow, [this.#table], training);
    this.#gradientClip = training.gradientClip;
  }

  step(batch: Batch, { step, learningRate, readLoss }: StepOptions): number | undefined {
    const { tf } = this.#tensorflow;
    let loss: number | undefined;
    const gradient = tf.tidy(() => {
      const counted = this.#count(batch);
      if (readLoss) [loss] = pairLoss(this.#table, counted).dataSync();
      const unclipped = [pairLossGradient(this.#table, counted)];
      return clipByGlobalNorm(this.#tensorflow, unclipped, this.#gradientClip)[0]!;
    });
    this.#optimizer.apply([gradient], { step, learningRate });
    gradient.dispose();
    return loss;
  }

  loss(batch: Batch): number {
    return this.#tensorflow.tf.tidy(() => pairLoss(this.#table, this.#count(batch)).dataSync()[0]!);
  }

  logits(ids: Int32Array, rows: number, columns: number): Float32Array {
    const { tf } = this.#tensorflow;
    return tf.tidy(() => {
      const input = tf.tensor2d(ids, [rows, columns], 'int32');
      return bigramLogits(this.#tensorflow, this.#table, input).dataSync<'float32'>();
    });
  }

  weights(): Weights {
    return new Map([[TABLE, { shape: this.#table.shape, values: this.#table.dataSync<'float32'>() }]]);
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#table.dispose();
  }

  #count(batch: Batch): PairTensors {
    const { tf } = this.#tensorflow;
    const { pairs, firsts } = pairFrequencies(batch, this.#vocabularySize);
    return {
      pairs: tf.tensor2d(pairs, [this.#vocabularySize, this.#vocabularySize]),
      firsts: tf.tensor2d(firsts, [this.#vocabularySize, 1]),
    };
  }
}
