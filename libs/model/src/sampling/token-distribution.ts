import type { LogitsProcessor } from './logits-processor.js';

/**
 * What the next token may be, and how likely each is: softmax of the processed logits, as cumulative sums over the
 * tokens that are possible at all. All in double precision, so a draw is the same wherever the logits are.
 */
export class TokenDistribution {
  readonly #ids: Uint32Array;
  /** cumulative[i] is the weight of ids[0] to ids[i]; the last is the weight of all. */
  readonly #cumulative: Float64Array;

  /** `logits` [vocabulary] is left as it is. */
  constructor(logits: Float32Array, processors: readonly LogitsProcessor[]) {
    const processed = Float64Array.from(logits);
    for (const processor of processors) processor.process(processed);
    const largest = processed.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = processed.map((logit) => Math.exp(logit - largest));
    this.#ids = Uint32Array.from(weights.keys()).filter((id) => weights[id]! > 0);
    let sum = 0;
    this.#cumulative = Float64Array.from(this.#ids, (id) => (sum += weights[id]!));
  }

  /** The token at `uniform`, a number in [0, 1): the first whose cumulative probability exceeds it. */
  draw(uniform: number): number {
    let low = 0;
    let high = this.#ids.length - 1;
    const wanted = uniform * this.#cumulative[high]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return this.#ids[low]!;
  }
}
