import type { LogitsProcessor } from './logits-processor.js';

/**
 * What the next token may be, and how likely each is: softmax of the processed logits, as cumulative sums over the
 * tokens that are possible at all. All in double precision, so a draw is the same wherever the logits are.
 *
 * A draw looks up where to begin by the first bits of its number, and is done after a step or two: Chen and Asau 1974,
 * "On generating random variates from an empirical distribution".
 */
export class TokenDistribution {
  readonly #ids: Uint32Array;
  /** cumulative[i] is the weight of ids[0] to ids[i]; the last is the weight of all. */
  readonly #cumulative: Float64Array;
  readonly #total: number;
  /** For each of equal parts of [0, 1) the least index that a number in it can lead to. A power of two of them. */
  readonly #guide: Int32Array;

  /** `logits` [vocabulary] is left as it is. */
  constructor(logits: Float32Array, processors: readonly LogitsProcessor[]) {
    const processed = Float64Array.from(logits);
    for (const processor of processors) processor.process(processed);
    const largest = processed.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = processed.map((logit) => Math.exp(logit - largest));
    this.#ids = Uint32Array.from(weights.keys()).filter((id) => weights[id]! > 0);
    let sum = 0;
    this.#cumulative = Float64Array.from(this.#ids, (id) => (sum += weights[id]!));
    this.#total = sum;
    const parts = 2 ** Math.ceil(Math.log2(this.#ids.length));
    let index = 0;
    this.#guide = Int32Array.from(
      { length: parts },
      (_, part) => (index = this.#firstAbove((part / parts) * sum, index)),
    );
  }

  /** The token at `uniform`, a number in [0, 1): the first whose cumulative probability exceeds it. */
  draw(uniform: number): number {
    const begin = this.#guide[Math.floor(uniform * this.#guide.length)]!;
    return this.#ids[this.#firstAbove(uniform * this.#total, begin)]!;
  }

  /** The first index from `begin` on whose cumulative weight exceeds `weight`, which is less than that of all. */
  #firstAbove(weight: number, begin: number): number {
    let index = begin;
    while (this.#cumulative[index]! <= weight) index += 1;
    return index;
  }
}
