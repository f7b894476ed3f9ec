import type { Batch } from '@glyphmill/data';
import type { TensorFlow } from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../../config/index.js';
import type { Weights } from '../../weights/weights.js';
import type { Learner, StepOptions } from '../learner.js';
import { recordNetwork, type NetworkProgram } from './network-program.js';
import type { Network } from './network.js';

/** Trains any network: each step, evaluation and forward pass is one run of a recorded TensorFlow graph. */
export class NetworkLearner implements Learner {
  readonly #program: NetworkProgram;
  readonly #weights: Weights;
  readonly #training: TrainingConfig;
  readonly #blockSize: number;

  /** Goes on from `weights`, which it copies. */
  constructor(tensorflow: TensorFlow, network: Network, weights: Weights, training: TrainingConfig) {
    this.#program = recordNetwork(tensorflow, network, weights, training);
    this.#weights = weights;
    this.#training = training;
    this.#blockSize = network.blockSize;
  }

  step({ inputs, targets }: Batch, { step, learningRate, readLoss }: StepOptions): number | undefined {
    const { beta1, beta2, seed } = this.#training;
    const { loss } = this.#program.runNumbers('train', {
      ids: inputs,
      targets,
      seed: Int32Array.of(seed, step),
      rate: learningRate,
      // From the step itself: a product kept from step to step would drift, and would have to be saved.
      beta1Power: beta1 ** step,
      beta2Power: beta2 ** step,
    });
    return readLoss ? loss : undefined;
  }

  /** Takes shorter batches too, as the last one of a split: what is missing is filled up and does not count. */
  loss({ inputs, targets }: Batch): number {
    const size = this.#training.batchSize * this.#blockSize;
    const counted = new Float32Array(size).fill(1, 0, inputs.length);
    const batch = { ids: padded(inputs, size), targets: padded(targets, size), counted };
    return this.#program.runNumbers('evaluate', batch).loss / inputs.length;
  }

  /** At most `blockSize` columns; throws `RangeError` on more. What fills up a row comes after all that it depends on. */
  logits(ids: Int32Array, rows: number, columns: number): Float32Array {
    if (columns > this.#blockSize) {
      throw new RangeError(`A row has ${columns} tokens, but the model sees ${this.#blockSize} at most.`);
    }
    const logits = Array.from({ length: rows }, (_, row) =>
      this.#rowLogits(ids.subarray(row * columns, (row + 1) * columns)),
    );
    const together = new Float32Array(logits.reduce((sum, { length }) => sum + length, 0));
    for (const [row, values] of logits.entries()) together.set(values, row * values.length);
    return together;
  }

  weights(): Weights {
    const current = [...this.#weights].map(([name, { shape }]) => {
      return [name, { shape, values: Float32Array.from(this.#program.read(name)) }] as const;
    });
    return new Map(current);
  }

  dispose(): void {
    this.#program.dispose();
  }

  /** ids [T] → logits [T, V]. */
  #rowLogits(ids: Int32Array): Float32Array {
    const { logits } = this.#program.run('logits', { ids: padded(ids, this.#blockSize) });
    const values = logits.dataSync<'float32'>();
    logits.dispose();
    return values.subarray(0, (values.length / this.#blockSize) * ids.length);
  }
}

/** The ids themselves where they are as many, or a copy that zeros fill up. */
function padded(ids: Int32Array, size: number): Int32Array {
  if (ids.length === size) return ids;
  const filled = new Int32Array(size);
  filled.set(ids);
  return filled;
}
