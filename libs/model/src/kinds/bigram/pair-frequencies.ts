import type { Batch } from '@glyphmill/data';

/** How often each pair of tokens is in a batch. */
export interface PairFrequencies {
  /** [V]: the share of the pairs that start with a token. Adds up to 1. */
  firsts: Float32Array;
  /** [V, V], row-major: of the pairs that start with the row's token, the share of each second one; 0 if none does. */
  seconds: Float32Array;
}

/** All that a bigram model's loss sees of a batch. Ids must be below `vocabularySize`. */
export function pairFrequencies({ inputs, targets }: Batch, vocabularySize: number): PairFrequencies {
  const firsts = new Float32Array(vocabularySize);
  const seconds = new Float32Array(vocabularySize * vocabularySize);
  // Counts stay exact in float32: a batch has at most 2²² tokens.
  for (let at = 0; at < inputs.length; at += 1) {
    const first = inputs[at]!;
    const pair = first * vocabularySize + targets[at]!;
    firsts[first] = firsts[first]! + 1;
    seconds[pair] = seconds[pair]! + 1;
  }
  for (let first = 0; first < vocabularySize; first += 1) {
    const count = firsts[first]!;
    if (count === 0) continue;
    const start = first * vocabularySize;
    for (let pair = start; pair < start + vocabularySize; pair += 1) seconds[pair] = seconds[pair]! / count;
    firsts[first] = count / inputs.length;
  }
  return { firsts, seconds };
}
