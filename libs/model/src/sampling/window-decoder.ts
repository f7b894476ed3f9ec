import type { Decoder, DecodingOptions } from './decoder.js';
import { logitsProcessors } from './logits-processor.js';
import { see, seenTokens } from './seen-tokens.js';
import type { Sequence } from './sequence.js';
import { TokenDistribution } from './token-distribution.js';

/** A model's forward pass: ids [rows, columns], row-major → logits [rows, columns, vocabulary], row-major. */
export type LogitsFunction = (ids: Int32Array, rows: number, columns: number) => Promise<Float32Array> | Float32Array;

/**
 * Decodes any causal model by running it on the last `blockSize` tokens for each new one: the strict sliding window. Sequences of a batch are
 * aligned left; the zeros that fill shorter ones come after all that their logits depend on.
 */
export class WindowDecoder implements Decoder {
  readonly #logits: LogitsFunction;
  readonly #vocabularySize: number;
  readonly #blockSize: number;

  constructor(
    logits: LogitsFunction,
    { vocabularySize, blockSize }: { vocabularySize: number; blockSize: number },
    readonly batchSize = 32,
  ) {
    this.#logits = logits;
    this.#vocabularySize = vocabularySize;
    this.#blockSize = blockSize;
  }

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<void> {
    let texts = sequences.map(({ context, random }, index) => {
      const seen = seenTokens(context, this.#vocabularySize);
      const processors = logitsProcessors(options.sampling, seen);
      // Of a long prompt only the end is ever looked at, and a batch has many of the same one.
      const tokens = Array.from(context.subarray(-this.#blockSize));
      return { index, random, tokens, seen, processors };
    });
    for (let step = 1; step <= options.maxNewTokens && texts.length > 0; step += 1) {
      await options.yieldToEventLoop();
      const finished = step === options.maxNewTokens;
      const rows = await this.#lastLogits(texts.map(({ tokens }) => tokens.slice(-this.#blockSize)));
      texts = texts.filter(({ index, random, tokens, seen, processors }, row) => {
        const logits = rows[row]!;
        const drawn = Int32Array.of(new TokenDistribution(logits, processors).draw(random.nextFloat()));
        tokens.push(...drawn);
        see(seen, drawn);
        return options.onTokens(index, { tokens: drawn, logits, finished });
      });
    }
  }

  /** The logits [vocabulary] after each window. */
  async #lastLogits(windows: number[][]): Promise<Float32Array[]> {
    const columns = Math.max(...windows.map((window) => window.length));
    const ids = new Int32Array(windows.length * columns);
    for (const [row, window] of windows.entries()) ids.set(window, row * columns);
    const logits = await this.#logits(ids, windows.length, columns);
    return windows.map((window, row) => {
      const start = (row * columns + window.length - 1) * this.#vocabularySize;
      return logits.subarray(start, start + this.#vocabularySize);
    });
  }
}
