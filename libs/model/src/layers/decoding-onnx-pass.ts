import type { OnnxGraph } from '../onnx/onnx-graph.js';
import type { Weights } from '../weights/weights.js';
import type { KeysAndValues } from './attention-onnx-pass.js';
import { OnnxPass } from './onnx-pass.js';

/** What one step of decoding is given, by the names of the values. B is the batch, P the slots of the past. */
export interface DecodingStepValues {
  /** The newest token of each sequence: int64 [B]. */
  ids: string;
  /** Where it stands in its sequence: int64 [B]. */
  positions: string;
  /** Keys and values of each layer's past, aligned left: [B, H, P, D]. The same in all steps of a chunk. */
  past: readonly KeysAndValues[];
  /** What to add to the scores of the past: float [B, 1, 1, P], 0 where a slot is used. */
  pastBias: string;
  /** Keys and values of the steps before this one in the chunk: [B, H, s, D], s from 0. */
  chunk: readonly KeysAndValues[];
  /** How many slots the past has and how many steps the chunk with this one: int64 [2]. */
  lengths: string;
}

/**
 * The pass of one new token of each sequence, with the past outside and the chunk carried along. Activations are [B, C].
 *
 * Past and chunk are kept apart so that no sum depends on how many slots the past has: whatever the padding of the past
 * is, it comes after all that counts, in sums of its own.
 */
export class DecodingOnnxPass extends OnnxPass {
  readonly ids: string;
  readonly #positions: string;
  readonly #values: DecodingStepValues;
  /** Keys and values of each layer's chunk with this step: [B, H, s + 1, D]. */
  readonly grown: KeysAndValues[] = [];

  constructor(graph: OnnxGraph, weights: Weights, values: DecodingStepValues) {
    super(graph, weights);
    this.ids = values.ids;
    this.#positions = values.positions;
    this.#values = values;
  }

  positions(): string {
    return this.#positions;
  }

  get pastBias(): string {
    return this.#values.pastBias;
  }

  /** How many slots the past has and how many steps the chunk: int64 [2]. */
  get lengths(): string {
    return this.#values.lengths;
  }

  /** The next layer's past and its chunk, to which this step's keys and values [B, H, 1, D] are added. */
  appendToChunk({ keys, values }: KeysAndValues): { past: KeysAndValues; chunk: KeysAndValues } {
    const layer = this.grown.length;
    const before = this.#values.chunk[layer]!;
    const append = (earlier: string, newest: string) =>
      this.graph.node('Concat', [earlier, newest], { axis: { i: 2 } });
    const chunk = { keys: append(before.keys, keys), values: append(before.values, values) };
    this.grown.push(chunk);
    return { past: this.#values.past[layer]!, chunk };
  }
}
