import { expect, test } from 'vitest';
import { bestBatchSize } from './batch-size.js';

const small = { nLayer: 4, nHead: 4, headSize: 32 };

test('a CPU decodes eight sequences per thread together, a GPU many', () => {
  expect(bestBatchSize(small, 320, { device: 'cpu', decodingThreads: 1, sessionThreads: 1 })).toBe(8);
  expect(bestBatchSize(small, 320, { device: 'cpu', decodingThreads: 2, sessionThreads: 1 })).toBe(8);
  expect(bestBatchSize(small, 320, { device: 'cpu', decodingThreads: 1, sessionThreads: 2 })).toBe(16);
  expect(bestBatchSize(small, 320, { device: 'cuda:0', decodingThreads: 1, sessionThreads: undefined })).toBe(256);
});

test('keys and values of the groups of all threads take 512 MiB at most, or those of one sequence each', () => {
  const gpt2 = { nLayer: 12, nHead: 12, headSize: 64 };
  // 2 · 12 · 768 numbers of 4 bytes for each of 1024 tokens: 72 MiB per sequence.
  expect(bestBatchSize(gpt2, 1024, { device: 'cpu', decodingThreads: 1, sessionThreads: 8 })).toBe(7);
  expect(bestBatchSize(gpt2, 1024, { device: 'cpu', decodingThreads: 3, sessionThreads: 1 })).toBe(2);
  const huge = { nLayer: 96, nHead: 96, headSize: 128 };
  expect(bestBatchSize(huge, 8192, { device: 'cpu', decodingThreads: 1, sessionThreads: 8 })).toBe(1);
});
