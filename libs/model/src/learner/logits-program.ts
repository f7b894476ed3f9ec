import {
  type Entry,
  entry,
  recordProgram,
  type RecordedProgram,
  type Tensor,
  type Tensor2D,
  type TensorFlow,
  type Variable,
} from '@glyphmill/tensorflow';
import { ForwardPass } from '../layers/forward-pass.js';
import type { Weights } from '../weights/weights.js';
import type { Trainable } from './trainable.js';

/** The entry that yields the logits of one row: ids [1, block] → `logits` [block, V]. */
export function logitsEntry(
  tensorflow: TensorFlow,
  trainable: Trainable,
  weights: Readonly<Record<string, Tensor>>,
): Entry {
  const length = trainable.blockSize;
  return entry({
    inputs: { ids: { shape: [1, length], dtype: 'int32' } },
    xla: false, // For the few samples of a training run it would not be worth compiling.
    body: ({ ids }) => {
      const pass = new ForwardPass(tensorflow, { weights, batchSize: 1, length });
      return { logits: trainable.logits(pass, ids as Tensor2D) };
    },
  });
}

/** Runs the entry of {@link logitsEntry}: ids [T] → logits [T, V]. What fills up the row comes after all that they depend on. */
export function rowLogits(
  program: Pick<RecordedProgram, 'run'>,
  { blockSize }: Pick<Trainable, 'blockSize'>,
  ids: Int32Array,
): Float32Array {
  const row = new Int32Array(blockSize);
  row.set(ids);
  const { logits } = program.run('logits', { ids: row });
  const values = logits!.dataSync<'float32'>();
  logits!.dispose();
  return values.subarray(0, (values.length / blockSize) * ids.length);
}

/** A model that computes logits and learns nothing: its weights alone, without what an optimizer keeps beside them. */
export class LogitsProgram {
  readonly #trainable: Trainable;
  readonly #program: RecordedProgram;

  /** Copies the weights. */
  constructor(tensorflow: TensorFlow, trainable: Trainable, weights: Weights) {
    const { tf } = tensorflow;
    const variables: Record<string, Variable> = Object.fromEntries(
      [...weights].map(([name, { shape, values }]) => {
        // Through an operation: a variable made from an array may share its memory.
        return [name, tf.tidy(() => tf.variable(tf.tensor(values, [...shape], 'float32').add(0), false))];
      }),
    );
    this.#trainable = trainable;
    try {
      const entries = { logits: logitsEntry(tensorflow, trainable, variables) };
      this.#program = recordProgram(tensorflow, { variables, entries });
    } finally {
      tf.dispose(Object.values(variables)); // The program has its own copies.
    }
  }

  /** ids [T], at most as many as the block has → logits [T, V], row-major. */
  logits(ids: Int32Array): Float32Array {
    return rowLogits(this.#program, this.#trainable, ids);
  }

  dispose(): void {
    this.#program.dispose();
  }
}
