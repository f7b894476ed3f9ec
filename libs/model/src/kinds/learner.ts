import type { Batch } from '@glyphmill/data';
import type { Weights } from '../weights/weights.js';

export interface StepOptions {
  /** From 1. */
  step: number;
  learningRate: number;
  /** Whether to give the loss; reading it waits for the device. */
  readLoss: boolean;
}

/** A model in training: its variables and optimizer in TensorFlow. */
export interface Learner {
  /** One optimizer step. Gives the loss of the batch before it, in nats a token, where it was asked for. */
  step(batch: Batch, options: StepOptions): number | undefined;
  /** The mean loss of a batch in nats a token; changes nothing. */
  loss(batch: Batch): number;
  /** ids [rows, columns], row-major → logits [rows, columns, vocabulary], row-major. */
  logits(ids: Int32Array, rows: number, columns: number): Float32Array;
  /** A copy of the variables. */
  weights(): Weights;
  /** Frees the tensors. */
  dispose(): void;
}
