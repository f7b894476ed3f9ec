import type { RandomStream } from '@glyphmill/data';
import type { Decoder, DecodingOptions } from './decoder.js';
import { logitsProcessors } from './logits-processor.js';
import { hasPenalty, type SamplingRules } from './sampling-rules.js';
import { seenTokens } from './seen-tokens.js';
import type { Sequence } from './sequence.js';
import { TokenDistribution } from './token-distribution.js';

/** The distribution of the token after a token, which must be the newest of the text. */
type RowAfter = (token: number) => TokenDistribution;

/** Tokens that are handed over together: some tens of microseconds. */
const TOKENS_TOGETHER = 256;

/** The same where a row is made for each of them: it takes as long as the vocabulary is large. */
const PENALIZED_TOGETHER = 16;

const NO_LOGITS = new Float32Array(0);

/**
 * Decodes models whose next token depends on the last one only: their logits are a table [vocabulary, vocabulary],
 * fetched once, and a token is one draw from the distribution of a row. Rows are made when they are first needed; with a
 * repetition penalty they depend on all tokens before, and one is made for each token.
 */
export class TableDecoder implements Decoder {
  readonly batchSize = 1;
  readonly #table: Float32Array;
  readonly #vocabularySize: number;
  readonly #uniforms = new Float64Array(TOKENS_TOGETHER);
  /** The rules of the newest decoding, and the rows made with them so far. */
  #made: { sampling: SamplingRules; rows: (TokenDistribution | undefined)[] } | undefined;

  constructor(table: Float32Array, vocabularySize: number) {
    this.#table = table;
    this.#vocabularySize = vocabularySize;
  }

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<void> {
    const cached = hasPenalty(options.sampling) ? undefined : this.#cachedRows(options.sampling);
    const together = cached ? TOKENS_TOGETHER : PENALIZED_TOGETHER;
    for (const [index, sequence] of sequences.entries()) {
      const rowAfter = cached ?? this.#penalizedRows(sequence, options.sampling);
      let last = sequence.context.at(-1)!;
      for (let remaining = options.maxNewTokens; remaining > 0; remaining -= together) {
        await options.yieldToEventLoop();
        const tokens = this.#draw(last, Math.min(remaining, together), sequence.random, rowAfter);
        const logits = options.withLogits === true ? this.#logitsBefore(last, tokens) : NO_LOGITS;
        last = tokens.at(-1)!;
        if (!options.onTokens(index, { tokens, logits, finished: remaining <= together })) break;
      }
    }
  }

  /** The `count` tokens after `last`. */
  #draw(last: number, count: number, random: RandomStream, rowAfter: RowAfter): Int32Array {
    const tokens = new Int32Array(count);
    const uniforms = this.#uniforms.subarray(0, count);
    random.fillFloats(uniforms);
    for (let at = 0; at < count; at += 1) {
      last = rowAfter(last).draw(uniforms[at]!);
      tokens[at] = last;
    }
    return tokens;
  }

  /** The rows that tokens were drawn from, `last` being the token before them: [tokens, vocabulary]. */
  #logitsBefore(last: number, tokens: Int32Array): Float32Array {
    const logits = new Float32Array(tokens.length * this.#vocabularySize);
    for (let at = 0; at < tokens.length; at += 1) {
      const before = at === 0 ? last : tokens[at - 1]!;
      logits.set(this.#logitsAfter(before), at * this.#vocabularySize);
    }
    return logits;
  }

  #cachedRows(sampling: SamplingRules): RowAfter {
    if (this.#made === undefined || !sameRules(this.#made.sampling, sampling)) this.#made = { sampling, rows: [] };
    const { rows } = this.#made;
    const processors = logitsProcessors(sampling);
    return (token) => (rows[token] ??= new TokenDistribution(this.#logitsAfter(token), processors));
  }

  #penalizedRows({ context }: Sequence, sampling: SamplingRules): RowAfter {
    const seen = seenTokens(context, this.#vocabularySize);
    const processors = logitsProcessors(sampling, seen);
    return (token) => {
      seen[token] = 1;
      return new TokenDistribution(this.#logitsAfter(token), processors);
    };
  }

  #logitsAfter(token: number): Float32Array {
    return this.#table.subarray(token * this.#vocabularySize, (token + 1) * this.#vocabularySize);
  }
}

function sameRules(one: SamplingRules, other: SamplingRules): boolean {
  return one.temperature === other.temperature && one.topK === other.topK && one.topP === other.topP;
}
