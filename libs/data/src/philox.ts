const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** What is added to the two key words each round: the golden ratio and √3 − 1, as fractions of 2³². */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * Philox4x32-10: four random words that depend on nothing but a counter of four words and a key of two.
 * Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). `counter` and `output` may be
 * the same array.
 */
export function philox4x32(counter: Uint32Array, key0: number, key1: number, output: Uint32Array): void {
  let word0 = counter[0]!;
  let word1 = counter[1]!;
  let word2 = counter[2]!;
  let word3 = counter[3]!;
  for (let round = 0; round < ROUNDS; round += 1) {
    const high0 = multiplyHigh(MULTIPLIER_0, word0);
    const high1 = multiplyHigh(MULTIPLIER_1, word2);
    const low0 = Math.imul(MULTIPLIER_0, word0);
    const low1 = Math.imul(MULTIPLIER_1, word2);
    word0 = high1 ^ word1 ^ key0;
    word1 = low1;
    word2 = high0 ^ word3 ^ key1;
    word3 = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  output[0] = word0;
  output[1] = word1;
  output[2] = word2;
  output[3] = word3;
}

/** The upper 32 bits of the 64-bit product of two words, by halves of 16 bits. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + (Math.imul(aLow, bLow) >>> 16);
  const carry = (aLow * bHigh + (middle & 0xffff)) / 0x10000;
  return (aHigh * bHigh + (middle >>> 16) + Math.floor(carry)) | 0;
}
