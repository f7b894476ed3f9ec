import type { OnnxGraph } from '../onnx/onnx-graph.js';
import { ELEMENT_TYPE } from '../onnx/onnx-schema.js';
import type { Weights } from '../weights/weights.js';
import { BATCH, SEQUENCE, SequenceOnnxPass } from './sequence-onnx-pass.js';

/** Low enough that its share is exactly 0 in float32, and finite, for ∞ − ∞ is no number. */
export const MASKED = -1e9;

const PAST = 'past_sequence_length';
const TOTAL = `${PAST} + ${SEQUENCE}`;

/** H is nHead, D = nEmbd/nHead. */
export interface CacheShape {
  /** How many tokens the model was trained to see. */
  blockSize: number;
  /** How many layers of attention there are. */
  nLayer: number;
  nEmbd: number;
  nHead: number;
}

/** Keys and values of one layer. */
export interface KeysAndValues {
  keys: string;
  values: string;
}

/**
 * The pass of a model with attention. Its graph continues after a past of P tokens, of which it need know the keys and
 * values only, and returns those of past and present together:
 *
 *     attention_mask                          int64 [B, P+T], 0 where a token is padding that nothing may attend to
 *     past_key_values.N.key, … .N.value       float [B, H, P, D], of the Nth layer of attention; P may be 0
 *     present.N.key, present.N.value          float [B, H, P+T, D]
 *
 * Names, shapes and the names of free sizes are those of Optimum's exports of GPT-2, as transformers.js feeds them.
 *
 * A text may be longer than the block, for those libraries ask for a fixed number of tokens: each block of it then starts
 * over, with the first position and no sight of the block before.
 */
export class AttentionOnnxPass extends SequenceOnnxPass {
  /** What to add to the scores of attention: float [B, 1, T, P+T], 0 where a token may attend, {@link MASKED} elsewhere. */
  readonly bias: string;
  readonly #mask: string;
  readonly #past: string;
  readonly #total: string;
  readonly #blockSize: number;
  readonly #padding: number | undefined;
  /** How many tokens that count stand before each of past and present: int64 [B, P+T], and of the present: [B, T]. */
  readonly #places: string;
  readonly #presentPlaces: string;
  #layers = 0;

  /** `padding` is an id beyond the vocabulary that may stand where the mask is 0. */
  constructor(graph: OnnxGraph, weights: Weights, { blockSize, nLayer, nEmbd, nHead }: CacheShape, padding?: number) {
    super(graph, weights);
    this.#blockSize = blockSize;
    this.#padding = padding;
    this.#mask = graph.input('attention_mask', 'int64', [BATCH, TOTAL]);
    for (let layer = 0; layer < nLayer; layer += 1) {
      for (const part of ['key', 'value']) {
        graph.input(`past_key_values.${layer}.${part}`, 'float', [BATCH, nHead, PAST, nEmbd / nHead]);
        graph.output(`present.${layer}.${part}`, 'float', [BATCH, nHead, TOTAL, nEmbd / nHead]);
      }
    }
    this.#past = graph.node('Shape', ['past_key_values.0.key'], { start: { i: 2 }, end: { i: 3 } }); // [1]: P
    this.#total = graph.node('Add', [this.#past, this.length]); // [1]: P+T
    const counted = graph.node('CumSum', [this.#mask, graph.integer(1)]); // [B, P+T], from 1
    const before = graph.node('Sub', [counted, graph.integer(1)]);
    this.#places = graph.node('Max', [before, graph.integer(0)]); // padding has −1, and no place
    const present = graph.node('Slice', [this.#places, this.#past, this.#total, graph.integers([1])]);
    // A mask that is too short, as one for the T tokens alone, fails here rather than be stretched. One that is too long
    // does not fit to the scores.
    this.#presentPlaces = graph.node('Reshape', [present, graph.node('Shape', [this.ids])]);
    this.bias = this.#writeBias();
  }

  /** Padding, which no other token sees, has the first token's row; any other id beyond the vocabulary is an error. */
  override get rowIds(): string {
    if (this.#padding === undefined) return this.ids;
    const { graph } = this;
    const isPadding = graph.node('Equal', [this.ids, graph.integer(this.#padding)]);
    return graph.node('Where', [isPadding, graph.integer(0), this.ids]);
  }

  /** Where each token stands in its block: int64 [B, T]. */
  override positions(): string {
    return this.graph.node('Mod', [this.#presentPlaces, this.graph.integer(this.#blockSize)]);
  }

  /** The keys and values of the next layer, [B, H, T, D], after those of its past: [B, H, P+T, D]. */
  appendToPast({ keys, values }: KeysAndValues): KeysAndValues {
    const layer = this.#layers;
    this.#layers += 1;
    const append = (part: string, present: string) =>
      this.graph.node(
        'Concat',
        [`past_key_values.${layer}.${part}`, present],
        { axis: { i: 2 } },
        `present.${layer}.${part}`,
      );
    return { keys: append('key', keys), values: append('value', values) };
  }

  #writeBias(): string {
    const { graph } = this;
    const shape = graph.node('Concat', [this.length, this.#total], { axis: { i: 0 } });
    const ones = graph.node('Expand', [graph.number(1), shape]); // [T, P+T]
    const pastDiagonal = graph.node('Squeeze', [this.#past]); // []: row t sees columns up to P + t
    const causal = graph.node('Trilu', [ones, pastDiagonal], { upper: { i: 0 } }); // [T, P+T]
    const counts = graph.node('Cast', [this.#mask], { to: { i: ELEMENT_TYPE.float } }); // [B, P+T]
    const counting = graph.node('Mul', [causal, graph.node('Unsqueeze', [counts, graph.integers([1, 2])])]);
    const visible = graph.node('Mul', [counting, this.#writeSameBlock()]);
    return graph.node('Mul', [graph.node('Sub', [graph.number(1), visible]), graph.number(MASKED)]); // [B, 1, T, P+T]
  }

  /** 1 where a token of the present is of the same block as one of past and present, otherwise 0: float [B, 1, T, P+T]. */
  #writeSameBlock(): string {
    const { graph } = this;
    const blockOf = (places: string, axes: readonly number[]) =>
      graph.node('Unsqueeze', [graph.node('Div', [places, graph.integer(this.#blockSize)]), graph.integers(axes)]);
    const same = graph.node('Equal', [blockOf(this.#presentPlaces, [1, 3]), blockOf(this.#places, [1, 2])]);
    return graph.node('Cast', [same], { to: { i: ELEMENT_TYPE.float } });
  }
}
