/** How large the keys and values of a model are. */
export interface CacheSizes {
  nLayer: number;
  nHead: number;
  headSize: number;
}

/** The past has a multiple of so many slots: sums over them then have the same order whatever their number (batch-independence.test.ts). */
const SLOTS_A_STEP = 64;

/** Where keys and values come from: a row of arrays [rows, H, length, D]. */
export interface CacheSource {
  arrays: readonly Float32Array[];
  row: number;
  length: number;
}

/**
 * The keys and values of the sequences of a batch, in arrays that a decoding graph reads as they are: for each layer keys
 * and then values, [rows, H, slots, D]. A row's slots are filled from 0 on and hold zeros behind. There are as many slots
 * as the longest row needs.
 */
export class KvCache {
  readonly #arrays: Float32Array[];
  readonly #nHead: number;
  readonly #headSize: number;
  #slots = SLOTS_A_STEP;

  /** Room for `rows` sequences of up to `length` tokens: {@link kvCacheBytes}. */
  constructor(sizes: CacheSizes, room: { rows: number; length: number }) {
    const { nLayer, nHead, headSize } = sizes;
    const size = kvCacheBytes(sizes, room) / (2 * nLayer * Float32Array.BYTES_PER_ELEMENT);
    this.#arrays = Array.from({ length: 2 * nLayer }, () => new Float32Array(size));
    this.#nHead = nHead;
    this.#headSize = headSize;
  }

  get slots(): number {
    return this.#slots;
  }

  /** The arrays of the first `rows` rows. */
  arrays(rows: number): Float32Array[] {
    return this.#arrays.map((array) => array.subarray(0, rows * this.#nHead * this.#slots * this.#headSize));
  }

  /** Has slots for `length` tokens in the first `rows` rows from now on, and no more than it needs. */
  fit(length: number, rows: number): void {
    const [before, after] = [this.#slots * this.#headSize, slotsFor(length) * this.#headSize];
    if (before === after) return;
    this.#slots = slotsFor(length);
    const heads = Array.from({ length: rows * this.#nHead }, (_, head) => head);
    // What moves up is moved from the end on, so that nothing is written over before it has moved.
    if (after > before) heads.reverse();
    for (const array of this.#arrays) {
      for (const head of heads) {
        array.copyWithin(head * after, head * before, head * before + Math.min(before, after));
        if (after > before) array.fill(0, head * after + before, (head + 1) * after);
      }
    }
  }

  /** Empties a row: another sequence begins there. */
  clear(row: number): void {
    const size = this.#nHead * this.#slots * this.#headSize;
    for (const array of this.#arrays) array.fill(0, row * size, (row + 1) * size);
  }

  /** Puts the first `count` tokens of a source into a row, from `slot` on. There must be slots for them. */
  put(row: number, { slot, count }: { slot: number; count: number }, source: CacheSource): void {
    const width = this.#headSize;
    for (const [at, array] of this.#arrays.entries()) {
      for (let head = 0; head < this.#nHead; head += 1) {
        const start = (source.row * this.#nHead + head) * source.length * width;
        const target = ((row * this.#nHead + head) * this.#slots + slot) * width;
        array.set(source.arrays[at]!.subarray(start, start + count * width), target);
      }
    }
  }

  /** Copies a row over another. */
  copyRow(from: number, to: number): void {
    const size = this.#nHead * this.#slots * this.#headSize;
    for (const array of this.#arrays) array.copyWithin(to * size, from * size, (from + 1) * size);
  }
}

/** Memory for the keys and values of `rows` sequences of up to `length` tokens. */
export function kvCacheBytes(
  { nLayer, nHead, headSize }: CacheSizes,
  { rows, length }: { rows: number; length: number },
): number {
  return 2 * nLayer * rows * nHead * slotsFor(length) * headSize * Float32Array.BYTES_PER_ELEMENT;
}

function slotsFor(length: number): number {
  return Math.max(1, Math.ceil(length / SLOTS_A_STEP)) * SLOTS_A_STEP;
}

/** Names of the keys and values of each layer in the decoding graph: `prefix.0.key`, `prefix.0.value`, `prefix.1.key`, … */
export function cacheNames(prefix: 'past' | 'chunk' | 'new', nLayer: number): string[] {
  return Array.from({ length: 2 * nLayer }, (_, at) => `${prefix}.${at >> 1}.${at % 2 === 0 ? 'key' : 'value'}`);
}
