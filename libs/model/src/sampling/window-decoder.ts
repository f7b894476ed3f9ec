import type { Decoder, DecodingOptions } from './decoder.js';
import { logitsProcessors } from './logits-processor.js';
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

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<Int32Array[]> {
    if (sequences.length === 0) return [];
    const processors = logitsProcessors(options.sampling);
    const texts = sequences.map(({ context }) => Array.from(context));
    for (let step = 0; step < options.maxNewTokens; step += 1) {
      await options.breathe();
      const rows = await this.#lastLogits(texts.map((tokens) => tokens.slice(-this.#blockSize)));
      for (const [index, { random }] of sequences.entries()) {
        texts[index]!.push(new TokenDistribution(rows[index]!, processors).draw(random.nextFloat()));
      }
    }
    return texts.map((tokens, index) => Int32Array.from(tokens.slice(sequences[index]!.context.length)));
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
