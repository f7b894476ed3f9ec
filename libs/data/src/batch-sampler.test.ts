import fc from 'fast-check';
import { expect, test } from 'vitest';

import { BatchSampler, TextTooShortError } from './index.js';

const tokens = Int32Array.from({ length: 40 }, (_, place) => place);

test('rows are consecutive tokens and targets are one place later', () => {
  const { inputs, targets } = new BatchSampler(tokens, { batchSize: 6, blockSize: 4, seed: 1 }).next();
  expect(inputs).toHaveLength(24);
  for (let row = 0; row < 6; row += 1) {
    const start = inputs[row * 4]!;
    expect([...inputs.subarray(row * 4, row * 4 + 4)]).toEqual([start, start + 1, start + 2, start + 3]);
    expect([...targets.subarray(row * 4, row * 4 + 4)]).toEqual([start + 1, start + 2, start + 3, start + 4]);
  }
});

test('every start is drawn, up to the last that leaves a target', () => {
  const sampler = new BatchSampler(tokens, { batchSize: 2000, blockSize: 35, seed: 1 });
  const starts = new Set(sampler.next().inputs.filter((_, at) => at % 35 === 0));
  expect([...starts].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
});

test('one seed yields one sequence of batches and another seed another', () => {
  const batches = [1, 1, 2].map((seed) => new BatchSampler(tokens, { batchSize: 9, blockSize: 3, seed }).next());
  expect(batches[0]).toEqual(batches[1]);
  expect(batches[0]).not.toEqual(batches[2]);
});

test('a batch stays as it is when the next one is drawn', () => {
  const sampler = new BatchSampler(tokens, { batchSize: 4, blockSize: 3, seed: 1 });
  const first = sampler.next();
  const copy = structuredClone(first);
  sampler.next();
  expect(first).toEqual(copy);
});

test('a saved and restored sampler continues identically', () => {
  const options = fc.record({
    batchSize: fc.integer({ min: 1, max: 5 }),
    blockSize: fc.integer({ min: 1, max: 39 }),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(
    fc.property(options, fc.nat(10), (wanted, drawn) => {
      const sampler = new BatchSampler(tokens, wanted);
      for (let batch = 0; batch < drawn; batch += 1) sampler.next();
      const restored = new BatchSampler(tokens, { ...wanted, seed: 0 });
      restored.restore(JSON.parse(JSON.stringify(sampler.state())));
      expect(restored.next()).toEqual(sampler.next());
      expect(restored.next()).toEqual(sampler.next());
    }),
  );
});

test('tokens that hold no block and its target are refused', () => {
  const sampler = (blockSize: number): BatchSampler => new BatchSampler(tokens, { batchSize: 1, blockSize, seed: 1 });
  expect(() => sampler(40)).toThrow(TextTooShortError);
  expect(sampler(39).next().targets.at(-1)).toBe(39);
});

test('a batch that is no longer needed is filled with what a new one would have been', () => {
  const sampler = () => new BatchSampler(Int32Array.from({ length: 50 }, (_, at) => at), { batchSize: 3, blockSize: 4, seed: 2 });
  const [fresh, filled] = [sampler(), sampler()];
  const batch = filled.newBatch();
  for (let step = 0; step < 3; step += 1) {
    expect(filled.next(batch)).toBe(batch);
    expect(batch).toEqual(fresh.next());
  }
});
