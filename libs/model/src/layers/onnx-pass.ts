import type { OnnxGraph } from '../onnx/onnx-graph.js';
import { weightNamed, type Weights } from '../weights/weights.js';

/** What layers share while they write a model's ONNX graph, whichever sizes its activations have. */
export abstract class OnnxPass {
  /** The tokens, int64. */
  abstract readonly ids: string;
  /** The same, as rows of the table of embeddings. */
  get rowIds(): string {
    return this.ids;
  }
  readonly #weights: Weights;
  /** The values of the weights that are in the graph already. */
  readonly #initializers = new Map<string, string>();

  constructor(
    readonly graph: OnnxGraph,
    weights: Weights,
  ) {
    this.#weights = weights;
  }

  /** Where each token stands, from 0: int64. */
  abstract positions(): string;

  /** The value of a weight, which is in the graph once however often it is used. */
  weight(name: string): string {
    const value = this.#initializers.get(name) ?? this.graph.initializer(name, weightNamed(this.#weights, name));
    this.#initializers.set(name, value);
    return value;
  }

  /** The same, or undefined if the model has no such weight, as a linear layer without bias. */
  optionalWeight(name: string): string | undefined {
    return this.#weights.has(name) ? this.weight(name) : undefined;
  }
}
