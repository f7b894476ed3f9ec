import type { GeneratedLine } from '../config/index.js';
import type { GrowingText } from './growing-text.js';

/** More of the text of one sequence (a sample of a prompt). The pieces of a sequence, one after the other, are its line's text. */
export interface TextGrowth {
  promptIndex: number;
  sampleIndex: number;
  /** How much of the text came before, in UTF-16 code units. */
  start: number;
  text: string;
  /** Tokens of the sequence so far. */
  tokenCount: number;
  /** In the last piece: why the sequence ended. */
  finishReason?: GeneratedLine['finishReason'] | undefined;
}

/** Reports a text in the making as it grows, but nothing that may still become a stop string. */
export class GrowthReport {
  readonly #place: Pick<TextGrowth, 'promptIndex' | 'sampleIndex'>;
  readonly #text: GrowingText;
  readonly #onText: (growth: TextGrowth) => void;
  #toldLength = 0;

  constructor(
    { promptIndex, sampleIndex }: Pick<TextGrowth, 'promptIndex' | 'sampleIndex'>,
    text: GrowingText,
    onText: (growth: TextGrowth) => void,
  ) {
    this.#place = { promptIndex, sampleIndex };
    this.#text = text;
    this.#onText = onText;
  }

  /** Reports what is sure by now and was not told before; with the last tokens that is all. */
  tell(isLast: boolean): void {
    const { text, tokenCount, isStopped, sureLength } = this.#text;
    const start = this.#toldLength;
    const isEnded = isLast || isStopped;
    this.#toldLength = isEnded ? text.length : sureLength;
    if (this.#toldLength <= start && !isEnded) return;
    this.#onText({
      ...this.#place,
      start,
      text: text.slice(start, this.#toldLength),
      tokenCount,
      finishReason: isStopped ? 'stop' : isLast ? 'length' : undefined,
    });
  }
}
