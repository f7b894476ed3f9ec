import type { Decoder, DecodingOptions } from './decoder.js';
import { logitsProcessors, type SamplingRules } from './logits-processor.js';
import type { Sequence } from './sequence.js';
import { TokenDistribution } from './token-distribution.js';

const TOKENS_A_BREATH = 65_536;

/**
 * Decodes models whose next token depends on the last one only: their logits are a table [vocabulary, vocabulary],
 * fetched once, and a token is one draw from the distribution of a row. Rows are made when they are first needed.
 */
export class TableDecoder implements Decoder {
  readonly batchSize = 1;
  readonly #table: Float32Array;
  readonly #vocabularySize: number;
  /** The rules of the newest decoding, and the rows made with them so far. */
  #made: { sampling: SamplingRules; rows: (TokenDistribution | undefined)[] } | undefined;

  constructor(table: Float32Array, vocabularySize: number) {
    this.#table = table;
    this.#vocabularySize = vocabularySize;
  }

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<Int32Array[]> {
    const rows = this.#rowsFor(options.sampling);
    const texts: Int32Array[] = [];
    for (const { context, random } of sequences) {
      const tokens = new Int32Array(options.maxNewTokens);
      let last = context.at(-1)!;
      for (let at = 0; at < tokens.length; at += 1) {
        if (at % TOKENS_A_BREATH === 0) await options.breathe();
        const row = (rows[last] ??= this.#distributionAfter(last, options.sampling));
        last = row.draw(random.nextFloat());
        tokens[at] = last;
      }
      texts.push(tokens);
    }
    return texts;
  }

  #rowsFor(sampling: SamplingRules): (TokenDistribution | undefined)[] {
    if (this.#made === undefined || !sameRules(this.#made.sampling, sampling)) this.#made = { sampling, rows: [] };
    return this.#made.rows;
  }

  #distributionAfter(token: number, sampling: SamplingRules): TokenDistribution {
    const start = token * this.#vocabularySize;
    const logits = this.#table.subarray(start, start + this.#vocabularySize);
    return new TokenDistribution(logits, logitsProcessors(sampling));
  }
}

function sameRules(one: SamplingRules, other: SamplingRules): boolean {
  return one.temperature === other.temperature && one.topK === other.topK && one.topP === other.topP;
}
