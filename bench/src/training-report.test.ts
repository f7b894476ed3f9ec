import { expect, test } from 'vitest';
import { preparationMs, stepMs, type TrainingReport } from './training-report.js';

/** Two slow steps in which something is compiled, and then 10 ms per step, but for one of 30. */
const ends = [500, 600, 610, 620, 650, 660, 670];
const report: TrainingReport = {
  recordingMs: 40,
  beganAtMs: 100,
  steps: ends.map((atMs) => ({ atMs, loss: 1 })),
  metrics: [],
  trainLoss: null,
  validationLoss: null,
  bitsPerByte: null,
  parameters: null,
  peakMemoryBytes: 1,
  library: 'none',
};

test("a step's time is the median without the first steps", () => {
  expect(stepMs(report, 2)).toBe(10);
});

test('preparation is recording and what the first steps took beyond later ones', () => {
  expect(preparationMs(report, 2)).toBe(40 + (600 - 100) - 2 * 10);
});
