import type { Batch } from '@glyphmill/data';
import type { TensorFlow, VariableValues } from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../config/index.js';
import { adamWStepNumbers } from '../optimizer/adamw.js';
import type { Weights } from '../weights/weights.js';
import { FIRST_MOMENT, type LearnerProgram, microStepsOf, recordLearner, SECOND_MOMENT } from './learner-program.js';
import { rowLogits } from './logits-program.js';
import type { BatchForm, Trainable } from './trainable.js';

export interface StepOptions {
  /** From 1. */
  step: number;
  learningRate: number;
}

/** What a step reports. */
export interface StepNumbers {
  /** Of its batches before it, in nats per token. */
  loss: number;
  /** The global norm of the gradients before clipping. */
  gradientNorm: number;
}

/** All that a learner has learned: with it another one continues to the same bits. Plain data. */
export interface LearnerState {
  weights: Weights;
  firstMoments: Weights;
  secondMoments: Weights;
}

/** A model in training: its weights and AdamW's moments, and each step as one run of a recorded TensorFlow graph. */
export class Learner {
  readonly #program: LearnerProgram;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #training: TrainingConfig;
  readonly #trainable: Trainable;
  readonly #batchForm: BatchForm;
  readonly #microSteps: number;

  /** Starts from `weights`, which it copies, and from moments of 0. */
  constructor(tensorflow: TensorFlow, trainable: Trainable, weights: Weights, training: TrainingConfig) {
    this.#program = recordLearner(tensorflow, trainable, weights, training);
    this.#shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
    this.#training = training;
    this.#trainable = trainable;
    this.#batchForm = trainable.batchForm(training.batchSize);
    this.#microSteps = microStepsOf(training);
  }

  /** How many batches {@link step} takes. */
  get batchesPerStep(): number {
    return this.#microSteps;
  }

  /** The sha256 of the recorded graph. */
  get graphHash(): string {
    return this.#program.graphHash;
  }

  /** Milliseconds that recording took, and that TensorFlow took so far to optimise and compile what was run. */
  get preparation(): { recordingMs: number; compilingMs: number } {
    const compileMs = Object.values<number | undefined>(this.#program.compileMs);
    return {
      recordingMs: this.#program.recordMs,
      compilingMs: compileMs.reduce<number>((sum, ms) => sum + (ms ?? 0), 0),
    };
  }

  /** One optimizer step on {@link batchesPerStep} batches. */
  step(batches: readonly Batch[], { step, learningRate }: StepOptions): StepNumbers {
    const numbers = adamWStepNumbers({ step, learningRate }, this.#training);
    const inputsOf = (batch: Batch, index: number) => ({
      ...this.#batchForm.valuesOf(batch),
      // Each forward pass of a training run has a number of its own.
      seed: Int32Array.of(this.#training.seed, (step - 1) * this.#microSteps + index + 1),
    });
    if (this.#microSteps === 1) {
      const { loss, gradientNorm } = this.#program.runNumbers('train', { ...inputsOf(batches[0]!, 0), ...numbers });
      return { loss: loss!, gradientNorm: gradientNorm! };
    }
    let sum = 0;
    for (const [index, batch] of batches.entries()) {
      sum += this.#program.runNumbers('accumulate', inputsOf(batch, index))['loss']!;
    }
    const { gradientNorm } = this.#program.runNumbers('apply', numbers);
    return { loss: sum / batches.length, gradientNorm: gradientNorm! };
  }

  /** The mean loss of a batch in nats per token; changes nothing. Takes shorter batches than those of training, too. */
  loss(batch: Batch): number {
    return this.#program.runNumbers('evaluate', this.#batchForm.valuesOf(batch))['loss']!;
  }

  /**
   * ids [rows, columns], row-major → logits [rows, columns, vocabulary], row-major. At most `blockSize` columns; throws
   * `RangeError` on more.
   */
  logits(ids: Int32Array, rows: number, columns: number): Float32Array {
    if (columns > this.#trainable.blockSize) {
      throw new RangeError(`A row has ${columns} tokens, but the model sees ${this.#trainable.blockSize} at most.`);
    }
    const logits = Array.from({ length: rows }, (_, row) =>
      rowLogits(this.#program, this.#trainable, ids.subarray(row * columns, (row + 1) * columns)),
    );
    const together = new Float32Array(logits.reduce((sum, { length }) => sum + length, 0));
    for (const [row, values] of logits.entries()) together.set(values, row * values.length);
    return together;
  }

  /** A copy of the weights. */
  weights(): Weights {
    return this.#arrays('', this.#program.readAll([...this.#shapes.keys()]));
  }

  /** Continues with other weights of the same shapes; the moments stay. */
  writeWeights(weights: Weights): void {
    this.#write(valuesOf('', weights));
  }

  /** A copy of all that was learned. */
  state(): LearnerState {
    const values = this.#program.readAll();
    return {
      weights: this.#arrays('', values),
      firstMoments: this.#arrays(FIRST_MOMENT, values),
      secondMoments: this.#arrays(SECOND_MOMENT, values),
    };
  }

  /** Continues from a state, which it copies. */
  restore({ weights, firstMoments, secondMoments }: LearnerState): void {
    this.#write([
      ...valuesOf('', weights),
      ...valuesOf(FIRST_MOMENT, firstMoments),
      ...valuesOf(SECOND_MOMENT, secondMoments),
    ]);
  }

  /** Frees the session with all its tensors. */
  dispose(): void {
    this.#program.dispose();
  }

  /** In one run, for the first of each kind takes a while: what is not given is written as it is. */
  #write(values: readonly NamedValues[]): void {
    this.#program.writeAll({ ...this.#program.readAll(), ...Object.fromEntries(values) });
  }

  #arrays(prefix: string, values: Readonly<Record<string, VariableValues>>): Weights {
    const arrays = [...this.#shapes].map(([name, shape]) => {
      return [name, { shape, values: Float32Array.from(values[prefix + name]!) }] as const;
    });
    return new Map(arrays);
  }
}

type NamedValues = readonly [string, Float32Array];

function valuesOf(prefix: string, weights: Weights): NamedValues[] {
  return [...weights].map(([name, { values }]) => [prefix + name, values]);
}
