import { expect, test } from 'vitest';
import { TopK } from './logits-processor.js';
import { TokenDistribution } from './token-distribution.js';

const quarters = Float32Array.of(Math.log(1), Math.log(2), Math.log(1)); // ¼, ½, ¼

test('a uniform number falls to the token whose share of [0, 1) it is in', () => {
  const distribution = new TokenDistribution(quarters, []);
  expect([0, 0.24, 0.26, 0.74, 0.76, 1 - 2 ** -53].map((uniform) => distribution.draw(uniform))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
});

test('a token that a rule took out is never drawn', () => {
  const distribution = new TokenDistribution(Float32Array.of(5, 0, 4, 0), [new TopK(2)]);
  const drawn = Array.from({ length: 101 }, (_, at) => distribution.draw((at / 101) * (1 - 2 ** -53)));
  expect(new Set(drawn)).toEqual(new Set([0, 2]));
});

test('the logits are left as they are', () => {
  const logits = Float32Array.of(1, 2, 3);
  new TokenDistribution(logits, [new TopK(1)]).draw(0.5);
  expect([...logits]).toEqual([1, 2, 3]);
});

test('logits too large for an exponential are drawn by their differences', () => {
  const distribution = new TokenDistribution(Float32Array.of(1e30, 1e30), []);
  expect([distribution.draw(0.4), distribution.draw(0.6)]).toEqual([0, 1]);
});
