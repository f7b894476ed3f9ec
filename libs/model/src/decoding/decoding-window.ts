/**
 * What a decoding sees of a sequence: at most `blockSize` tokens before the one that it draws. Where the block is full it
 * continues with the newest ⌊blockSize/2⌋ tokens and the one after them, which stand at 0, 1, … again; so a text that grew
 * beyond the block costs no more than one within it.
 */
export class DecodingWindow {
  readonly #blockSize: number;
  #tokens: number[];
  /** Whether the past is one that was not computed yet. */
  isNew = true;

  /** `context` are all tokens so far, at least one. */
  constructor(context: Int32Array, blockSize: number) {
    this.#blockSize = blockSize;
    this.#tokens = Array.from(context.subarray(-windowLength(context.length, blockSize)));
  }

  /** The newest token. */
  get lastToken(): number {
    return this.#tokens.at(-1)!;
  }

  /** The tokens before the newest. */
  get past(): readonly number[] {
    return this.#tokens.slice(0, -1);
  }

  get pastLength(): number {
    return this.#tokens.length - 1;
  }

  /** How many tokens can be drawn before the block is full: 1 at least. */
  get room(): number {
    return this.#blockSize - this.pastLength;
  }

  /** Appends new tokens, at most as many as there is {@link room} for. */
  append(tokens: Iterable<number>): void {
    this.#tokens.push(...tokens);
    if (this.room > 0) return;
    this.#tokens = this.#tokens.slice(-shortest(this.#blockSize));
    this.isNew = true;
  }
}

/** How many of `count` tokens are seen: a function of their number alone, however many of them were the prompt. */
export function windowLength(count: number, blockSize: number): number {
  if (count <= blockSize) return count;
  const start = shortest(blockSize);
  return start + ((count - blockSize - 1) % (blockSize + 1 - start));
}

function shortest(blockSize: number): number {
  return Math.floor(blockSize / 2) + 1;
}
