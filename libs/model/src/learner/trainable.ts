import type { Batch } from '@glyphmill/data';
import type { InputDeclaration, Scalar, Tensor, Tensor2D } from '@glyphmill/tensorflow';
import type { ForwardPass } from '../layers/forward-pass.js';

/** A batch as TensorFlow takes it, by name. */
export type BatchTensors = Readonly<Record<string, Tensor>>;

/** How batches of up to a size enter TensorFlow. */
export interface BatchForm {
  readonly inputs: Readonly<Record<string, InputDeclaration>>;
  /** The values of these inputs for a batch. A shorter one, as the last of a split, counts no more than it has. */
  valuesOf(batch: Batch): Readonly<Record<string, Float32Array | Int32Array>>;
}

/** What a learner learns, whatever it is made of: a loss of batches, and logits. */
export interface Trainable {
  /** The most tokens that a row may have. */
  readonly blockSize: number;
  /** The share of activations that a training step leaves out. */
  readonly dropout: number;
  /** For batches of up to `batchSize` rows. */
  batchForm(batchSize: number): BatchForm;
  /** The mean loss of a batch, in nats per token. */
  loss(pass: ForwardPass, batch: BatchTensors): Scalar;
  /** ids [B, T] → logits of the token after each [B·T, V]. */
  logits(pass: ForwardPass, ids: Tensor2D): Tensor2D;
}
