import { expect, test } from 'vitest';
import { threadPlan } from './thread-plan.js';

const small = 3_400_000;

test('a small model is decoded by every thread of the processor for itself', () => {
  expect(threadPlan(small, { device: 'cpu', threads: 1 })).toEqual({ decodingThreads: 1, sessionThreads: 1 });
  expect(threadPlan(small, { device: 'cpu', threads: 8 })).toEqual({ decodingThreads: 8, sessionThreads: 1 });
});

test('the threads share a large model, whose weights are in memory once', () => {
  expect(threadPlan(500_000_000, { device: 'cpu', threads: 8 })).toEqual({ decodingThreads: 1, sessionThreads: 8 });
});

test('a GPU has one session', () => {
  expect(threadPlan(small, { device: 'cuda:0', threads: 8 }).decodingThreads).toBe(1);
});
