import { TextTooShortError } from './errors.js';
import { RandomStream, type RandomStreamState } from './random-stream.js';
import type { TokenArray } from './token-array.js';

/** The name of the sampler's random stream, so that no other use of the same seed draws the same numbers. */
const STREAM = 0x62617463;

export interface BatchSamplerOptions {
  batchSize: number;
  blockSize: number;
  /** From 0 to 2³² − 1. */
  seed: number;
}

/** One batch; both arrays are [batchSize, blockSize], row-major. */
export interface Batch {
  inputs: Int32Array;
  /** What follows each input: the tokens one place later. */
  targets: Int32Array;
}

/**
 * Draws training batches: each row is `blockSize` tokens from a uniformly drawn start in [0, n − blockSize).
 * A restored sampler yields the batches that the saved one would have given.
 */
export class BatchSampler {
  readonly #tokens: TokenArray;
  readonly #batchSize: number;
  readonly #blockSize: number;
  #random: RandomStream;

  /** Throws {@link TextTooShortError} if `tokens` has no `blockSize` + 1 of them. */
  constructor(tokens: TokenArray, { batchSize, blockSize, seed }: BatchSamplerOptions) {
    if (tokens.length <= blockSize) throw new TextTooShortError('list of tokens', tokens.length, blockSize);
    this.#tokens = tokens;
    this.#batchSize = batchSize;
    this.#blockSize = blockSize;
    this.#random = new RandomStream(seed, STREAM);
  }

  /** An empty batch for {@link next} to fill. */
  newBatch(): Batch {
    const size = this.#batchSize * this.#blockSize;
    return { inputs: new Int32Array(size), targets: new Int32Array(size) };
  }

  /** The next batch: in new arrays, or in those of a batch that is no longer needed. */
  next(batch: Batch = this.newBatch()): Batch {
    const tokens = this.#tokens;
    const blockSize = this.#blockSize;
    const { inputs, targets } = batch;
    for (let rowStart = 0; rowStart < inputs.length; rowStart += blockSize) {
      const start = this.#random.nextInt(tokens.length - blockSize);
      // A loop, for `set(subarray())` costs more than it saves on the short rows of small models.
      let token = tokens[start]!;
      for (let column = 0; column < blockSize; column += 1) {
        inputs[rowStart + column] = token;
        token = tokens[start + column + 1]!;
        targets[rowStart + column] = token;
      }
    }
    return batch;
  }

  /** Where the sampler is; plain JSON. */
  state(): RandomStreamState {
    return this.#random.state();
  }

  /** Continues from a saved state, which holds the seed too; the tokens and sizes stay this sampler's. */
  restore(state: RandomStreamState): void {
    this.#random = RandomStream.fromState(state);
  }
}
