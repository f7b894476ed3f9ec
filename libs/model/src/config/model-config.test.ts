import { expect, test } from 'vitest';
import { modelConfig, parameterCount, trainingMemoryBytes } from './index.js';

test("a gpt that says nothing else is nanoGPT's CPU configuration", () => {
  expect(modelConfig.parse({ kind: 'gpt' })).toEqual({
    kind: 'gpt',
    nLayer: 4,
    nHead: 4,
    nEmbd: 128,
    blockSize: 64,
    dropout: 0,
    bias: false,
  });
});

test('a width that the heads cannot share evenly is an error that names both and a width that would do', () => {
  for (const kind of ['gpt', 'multi-head']) {
    const { error } = modelConfig.safeParse({ kind, nHead: 5, nEmbd: 128 });
    expect(error?.issues).toMatchObject([{ path: ['nEmbd'], message: expect.stringMatching(/128.*nHead is 5.*130/u) }]);
  }
});

test('a field that a kind does not have is an error', () => {
  expect(modelConfig.safeParse({ kind: 'averaging', nHead: 2 }).success).toBe(false);
  expect(modelConfig.safeParse({ kind: 'attention', nLayer: 2 }).success).toBe(false);
});

test("nanoGPT's CPU configuration over 65 characters has 0.80 million parameters without its positions, as nanoGPT says", () => {
  const model = modelConfig.parse({ kind: 'gpt' });
  expect(parameterCount(model, 65) - 64 * 128).toBe(795_904);
});

test('the memory estimate grows with everything that makes a model larger', () => {
  const estimate = (given: object, batchSize = 12) =>
    trainingMemoryBytes(
      modelConfig.parse({ kind: 'gpt', ...given }),
      { batchSize },
      { characters: 0, vocabularySize: 65 },
    );
  const least = estimate({});
  for (const larger of [{ nLayer: 5 }, { nEmbd: 256 }, { nHead: 8 }, { blockSize: 65 }]) {
    expect(estimate(larger)).toBeGreaterThan(least);
  }
  expect(estimate({}, 13)).toBeGreaterThan(least);
  expect(estimate({ dropout: 0.1 })).toBeGreaterThan(least);
});

test('the memory estimate knows no matrix of means of the past, counts what accumulates, and the bytes of a text', () => {
  const text = { characters: 20_000, vocabularySize: 65 };
  const averaging = modelConfig.parse({ kind: 'averaging', nEmbd: 8, blockSize: 8192 });
  // One array of 8192 × 8192 would be 256 MiB.
  expect(trainingMemoryBytes(averaging, { batchSize: 1 }, text)).toBeLessThan(1024 ** 3);
  const gpt = modelConfig.parse({ kind: 'gpt' });
  const estimate = (gradientAccumulationSteps: number, bytes: number) =>
    trainingMemoryBytes(gpt, { batchSize: 12, gradientAccumulationSteps }, { ...text, bytes });
  expect(estimate(2, 20_000)).toBeGreaterThan(estimate(1, 20_000));
  expect(estimate(1, 80_000)).toBeGreaterThan(estimate(1, 20_000));
});
