import { statelessUniform, type TensorFlow, type Tensor, type Tensor1D, type Tensor2D } from '@glyphmill/tensorflow';
import { MASKED } from './attention-onnx-pass.js';

/** Odd, with its bits well mixed: 2³² divided by the golden ratio, as a signed 32-bit integer. */
const LAYER_STRIDE = 0x9e3779b1 | 0;

export interface ForwardPassOptions {
  /** By their published names. */
  weights: Readonly<Record<string, Tensor>>;
  batchSize: number;
  /** Tokens in each row of the batch. */
  length: number;
  /** Left out if nothing is dropped: in evaluation and generation. */
  dropout?: { rate: number; seed: Tensor } | undefined;
}

/**
 * What layers share in one forward pass in TensorFlow: the weights, the batch's shape, and dropout. Activations are
 * [B·T, C], a row for each token of each sequence.
 */
export class ForwardPass {
  readonly batchSize: number;
  readonly length: number;
  readonly #weights: Readonly<Record<string, Tensor>>;
  readonly #dropout: ForwardPassOptions['dropout'];
  #dropouts = 0;
  #futureMask: Tensor2D | undefined;

  constructor(
    readonly tensorflow: TensorFlow,
    { weights, batchSize, length, dropout }: ForwardPassOptions,
  ) {
    this.batchSize = batchSize;
    this.length = length;
    this.#weights = weights;
    this.#dropout = dropout;
  }

  matrix(name: string): Tensor2D {
    return this.#weight(name) as Tensor2D;
  }

  vector(name: string): Tensor1D {
    return this.#weight(name) as Tensor1D;
  }

  /** The vector, or undefined if the model has none, as a linear layer without bias. */
  optionalVector(name: string): Tensor1D | undefined {
    return this.#weights[name] as Tensor1D | undefined;
  }

  /**
   * What to add to scores so that no token attends to a later one: [T, T], 0 up to the diagonal and {@link MASKED} above.
   * All layers share it, and it is computed: as a constant of the graph, one of a large block would take gigabytes.
   */
  futureMask(): Tensor2D {
    this.#futureMask ??= this.#writeFutureMask();
    return this.#futureMask;
  }

  /**
   * Leaves out a share of the numbers and scales the others up, so that their sum stays the same on average. What is
   * left out is a function of the seed, int32 [2] (the training's, the step), and of which dropout of the pass it is.
   * Srivastava et al. 2014.
   */
  dropout<T extends Tensor>(x: T): T {
    if (this.#dropout === undefined || this.#dropout.rate === 0) return x;
    const { tf } = this.tensorflow;
    const { rate, seed } = this.#dropout;
    this.#dropouts += 1;
    const place = tf.tensor1d([Math.imul(LAYER_STRIDE, this.#dropouts), 0], 'int32');
    const kept = statelessUniform(this.tensorflow, x.shape, seed.add(place)).greaterEqual(rate);
    return x.mul(kept.cast('float32').mul(1 / (1 - rate)));
  }

  #writeFutureMask(): Tensor2D {
    const { tf } = this.tensorflow;
    const places = Float32Array.from({ length: this.length }, (_, place) => place);
    const isLater = tf.tensor2d(places, [1, this.length]).greater(tf.tensor2d(places, [this.length, 1])); // [T, T]
    return isLater.cast<Tensor2D>('float32').mul(MASKED);
  }

  #weight(name: string): Tensor {
    const weight = this.#weights[name];
    if (weight === undefined) throw new RangeError(`The model has no weight ${name}.`);
    return weight;
  }
}
