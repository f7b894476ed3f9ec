import type { TokenArray } from './token-array.js';

const SCALE = 1e15;

/**
 * Splits tokens by position: the first floor(n · (1 − fraction)) train, the rest validate. Both are views of `tokens`.
 * Throws `RangeError` unless 0 ≤ `validationFraction` < 1.
 */
export function splitTokens(
  tokens: TokenArray,
  validationFraction: number,
): { train: TokenArray; validation: TokenArray } {
  const trainCount = countTrainTokens(tokens.length, validationFraction);
  return { train: tokens.subarray(0, trainCount), validation: tokens.subarray(trainCount) };
}

/**
 * How many of `count` tokens train: floor(count · (1 − fraction)) of the fraction as it is written in decimal.
 * In binary floating point 10 · (1 − 0.9) is less than 1, so it is computed in whole numbers of 10⁻¹⁵.
 */
export function countTrainTokens(count: number, validationFraction: number): number {
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RangeError(`validationFraction is ${validationFraction}; it must be at least 0 and less than 1.`);
  }
  const trainShare = SCALE - Math.round(validationFraction * SCALE);
  return Number((BigInt(count) * BigInt(trainShare)) / BigInt(SCALE));
}
