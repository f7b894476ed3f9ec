import type { Batch } from '@glyphmill/data';

/** How often each pair of tokens is in a batch, as a share of all pairs. */
export interface PairFrequencies {
  /** [V, V], row-major: the share of the pairs (row, column). Adds up to 1. */
  pairs: Float32Array;
  /** [V]: the share of the pairs that start with a token; the row sums of `pairs`. */
  firsts: Float32Array;
}

/** All that a bigram model's loss sees of a batch. Ids must be below `vocabularySize`. */
export function pairFrequencies({ inputs, targets }: Batch, vocabularySize: number): PairFrequencies {
  const pairs = new Float32Array(vocabularySize * vocabularySize);
  const firsts = new Float32Array(vocabularySize);
  // Counts stay exact in float32: a batch has at most 2²² tokens.
  for (let at = 0; at < inputs.length; at += 1) {
    const first = inputs[at]!;
    const pair = first * vocabularySize + targets[at]!;
    pairs[pair] = pairs[pair]! + 1;
    firsts[first] = firsts[first]! + 1;
  }
  for (let pair = 0; pair < pairs.length; pair += 1) pairs[pair] = pairs[pair]! / inputs.length;
  for (let first = 0; first < firsts.length; first += 1) firsts[first] = firsts[first]! / inputs.length;
  return { pairs, firsts };
}
