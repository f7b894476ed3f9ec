import { philox4x32 } from './philox.js';

const WORDS_PER_BLOCK = 4;
const TWO_TO_32 = 2 ** 32;
const TWO_TO_MINUS_24 = 2 ** -24;
const TWO_TO_MINUS_53 = 2 ** -53;

/** Where a {@link RandomStream} is; plain JSON. */
export interface RandomStreamState {
  seed: number;
  stream: number[];
  /** How many 32-bit words were drawn. */
  drawn: number;
}

/**
 * Random numbers that depend only on a seed, the stream's name and how many were drawn before: the same on every
 * machine, and independent between streams of one seed. The generator is Philox4x32-10: `seed` and the first stream
 * number are its key, the other two the upper half of its counter.
 *
 *     const dropout = new RandomStream(seed, step, layer);
 *
 * Numbers left out of a stream's name are 0, so `(seed)` and `(seed, 0)` name one stream.
 */
export class RandomStream {
  readonly #seed: number;
  readonly #stream: readonly number[];
  readonly #counter = new Uint32Array(WORDS_PER_BLOCK);
  readonly #block = new Uint32Array(WORDS_PER_BLOCK);
  #drawn = 0;

  /** `seed` and up to 3 `stream` numbers are whole, from 0 to 2³² − 1; throws `RangeError` on others. */
  constructor(seed: number, ...stream: number[]) {
    if (stream.length > 3) throw new RangeError(`A stream is named by at most 3 numbers, not ${stream.length}.`);
    for (const word of [seed, ...stream]) {
      if (word >>> 0 !== word) {
        throw new RangeError(`A seed or stream number is ${word}; it must be a whole number from 0 to 4294967295.`);
      }
    }
    this.#seed = seed;
    this.#stream = stream;
    this.#counter[2] = stream[1] ?? 0;
    this.#counter[3] = stream[2] ?? 0;
  }

  /** Continues exactly where the stream that gave `state` was; throws `RangeError` on a state no stream yields. */
  static fromState(state: RandomStreamState): RandomStream {
    if (!Number.isSafeInteger(state.drawn) || state.drawn < 0) {
      throw new RangeError(`The random state's count of drawn words is ${state.drawn}; it must be a whole number.`);
    }
    const random = new RandomStream(state.seed, ...state.stream);
    random.#drawn = state.drawn;
    if (state.drawn % WORDS_PER_BLOCK !== 0) random.#computeBlock();
    return random;
  }

  state(): RandomStreamState {
    return { seed: this.#seed, stream: [...this.#stream], drawn: this.#drawn };
  }

  /** A whole number from 0 to 2³² − 1; draws 1 word. */
  nextUint32(): number {
    const lane = this.#drawn % WORDS_PER_BLOCK;
    if (lane === 0) this.#computeBlock();
    this.#drawn += 1;
    return this.#block[lane]!;
  }

  /** A number in [0, 1) with 53 random bits; draws 2 words. */
  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) * TWO_TO_MINUS_53;
  }

  /** A whole number in [0, limit), each equally likely; draws 1 word, seldom more. Throws unless 1 ≤ limit ≤ 2³². */
  nextInt(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > TWO_TO_32) {
      throw new RangeError(`limit is ${limit}; it must be a whole number from 1 to 4294967296.`);
    }
    // Words from the last, incomplete run of `limit` values would favour small results: draw again.
    const fair = TWO_TO_32 - (TWO_TO_32 % limit);
    let word = this.nextUint32();
    while (word >= fair) word = this.nextUint32();
    return word % limit;
  }

  /** A number from the standard normal distribution (Box and Muller 1958, the cosine); draws 2 words. */
  nextNormal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.nextUint32() + 1) / TWO_TO_32));
    return radius * Math.cos((2 * Math.PI * this.nextUint32()) / TWO_TO_32);
  }

  /** Fills with what as many calls of {@link nextFloat} give. */
  fillFloats(values: Float64Array): void {
    for (let at = 0; at < values.length; at += 1) values[at] = this.nextFloat();
  }

  /** Fills with numbers in [0, 1), exact in float32: 24 random bits of 1 word each. */
  fillUniform(values: Float32Array): void {
    for (let at = 0; at < values.length; at += 1) values[at] = (this.nextUint32() >>> 8) * TWO_TO_MINUS_24;
  }

  /** Fills with `mean + standardDeviation · nextNormal()`, rounded to float32. */
  fillNormal(values: Float32Array, mean = 0, standardDeviation = 1): void {
    for (let at = 0; at < values.length; at += 1) values[at] = mean + standardDeviation * this.nextNormal();
  }

  #computeBlock(): void {
    const index = Math.floor(this.#drawn / WORDS_PER_BLOCK);
    this.#counter[0] = index; // its lowest 32 bits
    this.#counter[1] = Math.floor(index / TWO_TO_32);
    philox4x32(this.#counter, this.#seed, this.#stream[0] ?? 0, this.#block);
  }
}
