import { RandomStream } from '@glyphmill/data';
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

test('a uniform number yields the first token whose cumulative probability exceeds it, wherever the search begins', () => {
  const random = new RandomStream(1);
  for (const size of [1, 2, 3, 40, 65, 200]) {
    const logits = Float32Array.from({ length: size }, () => 4 * random.nextNormal());
    const distribution = new TokenDistribution(logits, []);
    const weights = Array.from(logits, (logit) => Math.exp(logit - Math.max(...logits)));
    let sum = 0;
    const cumulative = weights.map((weight) => (sum += weight));
    const borders = cumulative.flatMap((weight) => [weight / sum - 2 ** -53, weight / sum, weight / sum + 2 ** -52]);
    const uniforms = [0, ...borders, ...Array.from({ length: 500 }, () => random.nextFloat()), 1 - 2 ** -53];
    for (const uniform of uniforms.filter((each) => each >= 0 && each < 1)) {
      expect(distribution.draw(uniform)).toBe(cumulative.findIndex((weight) => weight > uniform * sum));
    }
  }
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
