import type { CharacterTokenizer } from '@glyphmill/data';
import type { TokenLogprobs } from '../config/index.js';
import type { NewTokens } from '../sampling/decoder.js';

/**
 * The log probabilities of a text's tokens, gathered while it is made: log-softmax of the logits before all rules, in
 * double precision, of each drawn token and of the `count` likeliest.
 */
export class LogprobsRecord {
  readonly #tokenizer: CharacterTokenizer;
  readonly #count: number;
  readonly #record: TokenLogprobs = { tokens: [], tokenLogprobs: [], topLogprobs: [] };

  constructor(tokenizer: CharacterTokenizer, count: number) {
    this.#tokenizer = tokenizer;
    this.#count = count;
  }

  /** Adds the next tokens; their logits must have been asked for. */
  append({ tokens, logits }: NewTokens): void {
    const width = logits.length / tokens.length;
    for (const [at, token] of tokens.entries()) this.#add(token, logits.subarray(at * width, (at + 1) * width));
  }

  /** Those of the tokens of `text`, which begins like the text that was recorded. */
  of(text: string): TokenLogprobs {
    const { tokens, tokenLogprobs, topLogprobs } = this.#record;
    let count = 0;
    for (let length = 0; length < text.length; count += 1) length += tokens[count]!.length;
    return {
      tokens: tokens.slice(0, count),
      tokenLogprobs: tokenLogprobs.slice(0, count),
      topLogprobs: topLogprobs.slice(0, count),
    };
  }

  #add(token: number, logits: Float32Array): void {
    const { vocabulary } = this.#tokenizer;
    const normalizer = logOfSum(logits);
    const ids = likeliest(logits, this.#count);
    if (!ids.includes(token)) ids.push(token);
    const { tokens, tokenLogprobs, topLogprobs } = this.#record;
    tokens.push(vocabulary[token]!);
    tokenLogprobs.push(logits[token]! - normalizer);
    topLogprobs.push(Object.fromEntries(ids.map((id) => [vocabulary[id]!, logits[id]! - normalizer])));
  }
}

/** ln Σ exp(logit). */
function logOfSum(logits: Float32Array): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

/** The ids of the `count` largest logits, the largest first; of equal ones the lowest id. */
function likeliest(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id += 1) {
    if (ids.length === count && logits[id]! <= logits[ids.at(-1)!]!) continue;
    const place = ids.findIndex((other) => logits[other]! < logits[id]!);
    ids.splice(place < 0 ? ids.length : place, 0, id);
    if (ids.length > count) ids.pop();
  }
  return ids;
}
