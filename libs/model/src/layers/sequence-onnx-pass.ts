import type { OnnxGraph } from '../onnx/onnx-graph.js';
import type { Weights } from '../weights/weights.js';
import { OnnxPass } from './onnx-pass.js';

/** The names of the sizes that are free: B and T. */
export const BATCH = 'batch_size';
export const SEQUENCE = 'sequence_length';

/**
 * The pass of model.onnx: `input_ids` int64 [B, T] → `logits` float [B, T, V]. Activations are [B, T, C]; B and T are
 * free.
 */
export class SequenceOnnxPass extends OnnxPass {
  /** The values of `input_ids`, int64 [B, T]. */
  readonly ids: string;
  #length: string | undefined;

  constructor(graph: OnnxGraph, weights: Weights) {
    super(graph, weights);
    this.ids = graph.input('input_ids', 'int64', [BATCH, SEQUENCE]);
    graph.output('logits', 'float', [BATCH, SEQUENCE, 'vocab_size']);
  }

  /** How many tokens there are in a row of `input_ids`: int64 [1]. */
  get length(): string {
    this.#length ??= this.graph.node('Shape', [this.ids], { start: { i: 1 }, end: { i: 2 } });
    return this.#length;
  }

  /** Where each token stands, from 0: int64 [T]. */
  positions(): string {
    const { graph } = this;
    const end = graph.node('Squeeze', [this.length]); // []
    return graph.node('Range', [graph.integer(0), end, graph.integer(1)]);
  }
}
