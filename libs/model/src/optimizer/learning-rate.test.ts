import { expect, test } from 'vitest';
import { learningRateAfter } from './learning-rate.js';

const cosine = { schedule: 'cosine', learningRate: 1, minLearningRate: 0.1, warmupSteps: 4, maxSteps: 104 } as const;

test('the rate rises linearly and reaches its full height after the warm-up', () => {
  const rates = [0, 1, 2, 3, 4].map((steps) => learningRateAfter(steps, cosine));
  expect(rates.map((rate) => Number(rate.toFixed(12)))).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
});

test('it falls on half a cosine to its minimum, and stays there', () => {
  expect(learningRateAfter(54, cosine)).toBeCloseTo(0.55, 12);
  expect(learningRateAfter(29, cosine)).toBeCloseTo(0.1 + 0.45 * (1 + Math.SQRT1_2), 12);
  expect(learningRateAfter(104, cosine)).toBe(0.1);
  expect(learningRateAfter(999, cosine)).toBe(0.1);
});

test('a constant rate stays after its warm-up', () => {
  const constant = { ...cosine, schedule: 'constant' } as const;
  expect([0, 4, 50, 104].map((steps) => learningRateAfter(steps, constant))).toEqual([0.2, 1, 1, 1]);
});

test('a warm-up as long as the training ends below the full rate', () => {
  expect(learningRateAfter(103, { ...cosine, warmupSteps: 104 })).toBeCloseTo(104 / 105, 12);
});
