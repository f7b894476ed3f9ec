import { expect, test } from 'vitest';
import { compactTokens } from './token-array.js';

test.each([
  [2, Uint8Array],
  [256, Uint8Array],
  [257, Uint16Array],
  [65_536, Uint16Array],
  [65_537, Int32Array],
])('ids of a vocabulary of %i tokens are kept whole', (vocabularySize, kind) => {
  const tokens = Int32Array.of(0, 1, vocabularySize - 1);
  const compact = compactTokens(tokens, vocabularySize);
  expect(compact).toBeInstanceOf(kind);
  expect(Array.from(compact)).toEqual(Array.from(tokens));
});
