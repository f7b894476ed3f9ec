import type { CharacterTokenizer } from '@glyphmill/data';

/** Where a stop string stands in a text. */
interface Occurrence {
  start: number;
  end: number;
}

/**
 * A text in the making: grows by tokens until a stop string is complete in it, and ends before that. How many tokens come
 * at once makes no difference.
 */
export class GrowingText {
  readonly #tokenizer: CharacterTokenizer;
  readonly #stop: readonly string[];
  #text = '';
  #tokenCount = 0;
  #isStopped = false;

  constructor(tokenizer: CharacterTokenizer, stop: readonly string[]) {
    this.#tokenizer = tokenizer;
    this.#stop = stop;
  }

  /** The text so far, without a stop string. */
  get text(): string {
    return this.#text;
  }

  /** How many tokens it took, those of the stop string among them. */
  get tokenCount(): number {
    return this.#tokenCount;
  }

  /** Whether a stop string has ended it. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** How much of the text stays as it is, whatever comes: not its end where that may become a stop string. */
  get sureLength(): number {
    if (this.#isStopped) return this.#text.length;
    return this.#text.length - Math.max(0, ...this.#stop.map((stop) => this.#begunLength(stop)));
  }

  /** Adds the next tokens; returns whether the text continues. */
  append(tokens: Int32Array): boolean {
    const before = this.#text.length;
    this.#text += this.#tokenizer.decode(tokens);
    const completed = this.#firstCompleted(before);
    if (completed === undefined) {
      this.#tokenCount += tokens.length;
      return true;
    }
    this.#tokenCount += this.#tokensUpTo(completed.end - before, tokens);
    this.#text = this.#text.slice(0, completed.start);
    this.#isStopped = true;
    return false;
  }

  /** The stop string that is complete first, of those that were not before the text had this length. */
  #firstCompleted(length: number): Occurrence | undefined {
    return this.#stop
      .flatMap((stop) => {
        const start = this.#text.indexOf(stop, Math.max(0, length - stop.length + 1));
        return start < 0 ? [] : [{ start, end: start + stop.length }];
      })
      .toSorted((one, other) => one.end - other.end || one.start - other.start)[0];
  }

  /** How many of the tokens it takes to have this many of their characters. */
  #tokensUpTo(length: number, tokens: Int32Array): number {
    let count = 0;
    for (let reached = 0; reached < length; count += 1) {
      reached += this.#tokenizer.vocabulary[tokens[count]!]!.length;
    }
    return count;
  }

  /** How much of the text's end is the start of a stop string. */
  #begunLength(stop: string): number {
    let length = Math.min(stop.length - 1, this.#text.length);
    while (!this.#text.endsWith(stop.slice(0, length))) length -= 1;
    return length;
  }
}
