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
 * The pass of a model with attention. Its graph goes on after a past of P tokens, of which it need know the keys and
 * values only, and gives those of past and present together:
 *
 *     attention_mask                          int64 [B, P+T], 0 where a token is padding that nothing may attend to
 *     past_key_values.N.key, … .N.value       float [B, H, P, D], of the Nth layer of attention; P may be 0
 *     present.N.key, present.N.value          float [B, H, P+T, D]
 *
 * Names, shapes and the names of free sizes are those of Optimum's exports of GPT-2, as transformers.js feeds them.
 */
export class AttentionOnnxPass extends SequenceOnnxPass {
  /** What to add to the scores of attention: float [B, 1, T, P+T], 0 where a token may attend, {@link MASKED} elsewhere. */
  readonly bias: string;
  readonly #mask: string;
  readonly #past: string;
  readonly #total: string;
  #layers = 0;

  constructor(graph: OnnxGraph, weights: Weights, { nLayer, nEmbd, nHead }: CacheShape) {
    super(graph, weights);
    this.#mask = graph.input('attention_mask', 'int64', [BATCH, TOTAL]);
    for (let layer = 0; layer < nLayer; layer += 1) {
      for (const part of ['key', 'value']) {
        graph.input(`past_key_values.${layer}.${part}`, 'float', [BATCH, nHead, PAST, nEmbd / nHead]);
        graph.output(`present.${layer}.${part}`, 'float', [BATCH, nHead, TOTAL, nEmbd / nHead]);
      }
    }
    this.#past = graph.node('Shape', ['past_key_values.0.key'], { start: { i: 2 }, end: { i: 3 } }); // [1]: P
    this.#total = graph.node('Add', [this.#past, this.length]); // [1]: P+T
    this.bias = this.#writeBias();
  }

  /** How many tokens that count stand before each: int64 [B, T]. */
  override positions(): string {
    const { graph } = this;
    const counted = graph.node('CumSum', [this.#mask, graph.integer(1)]); // [B, P+T], from 1
    const before = graph.node('Sub', [counted, graph.integer(1)]);
    const positions = graph.node('Max', [before, graph.integer(0)]); // padding has −1, and no position
    const present = graph.node('Slice', [positions, this.#past, this.#total, graph.integers([1])]);
    // A mask that is too short, as one for the T tokens alone, fails here rather than be stretched. One that is too long
    // does not fit to the scores.
    return graph.node('Reshape', [present, graph.node('Shape', [this.ids])]);
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
    const visible = graph.node('Mul', [causal, graph.node('Unsqueeze', [counts, graph.integers([1, 2])])]);
    return graph.node('Mul', [graph.node('Sub', [graph.number(1), visible]), graph.number(MASKED)]); // [B, 1, T, P+T]
  }
}
