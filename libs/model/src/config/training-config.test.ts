import { expect, test } from 'vitest';
import { learningRateAfter } from '../optimizer/learning-rate.js';
import { completeTrainingConfig, type PartialTrainingConfig, trainingContradictions } from './index.js';

const rates = (kind: 'bigram' | 'gpt', given: PartialTrainingConfig) => {
  const training = completeTrainingConfig(kind, given);
  return Array.from({ length: training.maxSteps }, (_, step) => learningRateAfter(step, training));
};

test("a gpt whose training says nothing has nanoGPT's schedule", () => {
  expect(completeTrainingConfig('gpt', {})).toMatchObject({
    maxSteps: 2000,
    learningRate: 1e-3,
    minLearningRate: 1e-4,
    warmupSteps: 100,
    schedule: 'cosine',
  });
});

test('the floor that is left out is a tenth of the learning rate that is given, in as many digits', () => {
  expect(completeTrainingConfig('gpt', { learningRate: 1e-5 }).minLearningRate).toBe(1e-6);
  expect(completeTrainingConfig('gpt', { learningRate: 3e-4 }).minLearningRate).toBe(3e-5);
  expect(Math.max(...rates('gpt', { learningRate: 1e-5 }))).toBeLessThanOrEqual(1e-5);
});

test.each([
  [1, 0],
  [19, 0],
  [50, 2],
  [1000, 50],
  [2000, 100],
  [10_000_000, 100],
])('the warm-up that is left out of %i steps takes %i, and then the rate is reached', (maxSteps, warmupSteps) => {
  const training = completeTrainingConfig('gpt', { maxSteps });
  expect(training.warmupSteps).toBe(warmupSteps);
  expect(learningRateAfter(warmupSteps, training)).toBe(training.learningRate);
});

test('fifty steps reach the full rate and end near the floor', () => {
  const all = rates('gpt', { maxSteps: 50 });
  expect(Math.max(...all)).toBe(1e-3);
  expect(all.at(-1)).toBeLessThan(1.02e-4);
});

test('a bigram that asks for cosine decays to a tenth, and otherwise stays constant', () => {
  const cosine = rates('bigram', { schedule: 'cosine', maxSteps: 1000 });
  expect(cosine[0]).toBe(1e-3);
  expect(cosine.at(-1)).toBeCloseTo(1e-4, 7);
  expect(new Set(rates('bigram', { maxSteps: 1000 }))).toEqual(new Set([1e-3]));
});

test('no schedule that was completed contradicts itself, whatever else is given', () => {
  for (const kind of ['bigram', 'gpt'] as const) {
    for (const learningRate of [1e-9, 3e-4, 10]) {
      for (const maxSteps of [1, 2, 99, 5000]) {
        for (const schedule of ['constant', 'cosine'] as const) {
          const training = completeTrainingConfig(kind, { learningRate, maxSteps, schedule });
          expect(trainingContradictions(training)).toEqual([]);
        }
      }
    }
  }
});

test('what was said stays as it was said, also a floor equal to the rate and a warm-up of all steps but one', () => {
  const said = { learningRate: 0.01, minLearningRate: 0.01, warmupSteps: 9, maxSteps: 10 };
  const training = completeTrainingConfig('gpt', said);
  expect(training).toMatchObject(said);
  expect(trainingContradictions(training)).toEqual([]);
});

test('a floor above the rate and a warm-up that fills the steps are contradictions, each with its remedy', () => {
  const floor = completeTrainingConfig('gpt', { minLearningRate: 0.002 });
  expect(trainingContradictions(floor)).toEqual([
    {
      field: 'minLearningRate',
      message: expect.stringMatching(/0\.002, above the learningRate of 0\.001; take at most/u),
    },
  ]);
  const warmup = completeTrainingConfig('bigram', { maxSteps: 50, warmupSteps: 50 });
  expect(trainingContradictions(warmup)).toEqual([
    { field: 'warmupSteps', message: expect.stringMatching(/50, but with maxSteps 50 .* take at most 49/u) },
  ]);
});
