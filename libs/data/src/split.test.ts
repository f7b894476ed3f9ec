import fc from 'fast-check';
import { expect, test } from 'vitest';

import { splitTokens } from './index.js';

test.each([
  [10, 0.1, 9],
  [10, 0.9, 1],
  [100, 0.07, 93],
  [1_115_394, 0.1, 1_003_854],
  [3, 0.1, 2],
  [5, 0, 5],
  [0, 0.5, 0],
])('of %d tokens, all but a fraction of %d are %d to train on', (count, fraction, expected) => {
  const { train, validation } = splitTokens(new Int32Array(count), fraction);
  expect([train.length, validation.length]).toEqual([expected, count - expected]);
});

test('train is the whole part of the exact share for every percentage', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(99), (count, percent) => {
      const { train } = splitTokens(new Int32Array(count), percent / 100);
      expect(train).toHaveLength(Math.floor((count * (100 - percent)) / 100));
    }),
  );
});

test('the splits are views of the tokens, in order', () => {
  const tokens = Int32Array.of(1, 2, 3, 4);
  const { train, validation } = splitTokens(tokens, 0.25);
  expect([[...train], [...validation]]).toEqual([[1, 2, 3], [4]]);
  expect(validation.buffer).toBe(tokens.buffer);
});

test.each([[1], [-0.1], [Number.NaN]])('a fraction of %d is refused', (fraction) => {
  expect(() => splitTokens(new Int32Array(4), fraction)).toThrow(
    `validationFraction is ${fraction}; it must be at least 0 and less than 1.`,
  );
});
