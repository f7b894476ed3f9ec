import { OnnxGraph } from '../onnx/onnx-graph.js';
import { weightNamed, type Weights } from '../weights/weights.js';

/** The names of the sizes that are free: B and T. */
export const BATCH = 'batch_size';
export const SEQUENCE = 'sequence_length';

/**
 * What layers share while they write a model's ONNX graph, `input_ids` int64 [B, T] → `logits` float [B, T, V].
 * Activations are [B, T, C]; B and T are free.
 */
export class OnnxPass {
  /** The values of `input_ids`, int64 [B, T]. */
  readonly ids: string;
  readonly #weights: Weights;
  readonly #initializers = new Set<string>();
  #length: string | undefined;

  constructor(
    readonly graph: OnnxGraph,
    weights: Weights,
  ) {
    this.#weights = weights;
    this.ids = graph.input('input_ids', 'int64', [BATCH, SEQUENCE]);
    graph.output('logits', 'float', [BATCH, SEQUENCE, 'vocab_size']);
  }

  /** The value of a weight, which is in the graph once however often it is used. */
  weight(name: string): string {
    if (!this.#initializers.has(name)) {
      this.graph.initializer(name, weightNamed(this.#weights, name));
      this.#initializers.add(name);
    }
    return name;
  }

  /** The same, or undefined where the model has no such weight, as a linear layer without bias. */
  optionalWeight(name: string): string | undefined {
    return this.#weights.has(name) ? this.weight(name) : undefined;
  }

  scalar(value: number): string {
    return this.graph.initializer(undefined, { shape: [], values: Float32Array.of(value) });
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
