import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RepeatedTask } from './repeated-task.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a round that takes long is not overtaken by the next', async () => {
  const rounds: PromiseWithResolvers<void>[] = [];
  const task = new RepeatedTask(
    10,
    () => {
      const round = Promise.withResolvers<void>();
      rounds.push(round);
      return round.promise;
    },
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(35);
  expect(rounds).toHaveLength(1);
  rounds[0]!.resolve();
  await vi.advanceTimersByTimeAsync(10);
  expect(rounds).toHaveLength(2);
  rounds[1]!.resolve();
  await task.stop();
});

test('after a round that failed the next one is tried', async () => {
  const errors: unknown[] = [];
  const task = new RepeatedTask(
    10,
    () => Promise.reject(new Error(`round ${errors.length}`)),
    (error) => errors.push(error),
  );
  await vi.advanceTimersByTimeAsync(25);
  expect(errors.map(String)).toEqual(['Error: round 0', 'Error: round 1']);
  await task.stop();
});

test('a stopped task has ended its round, and begins no other', async () => {
  const round = Promise.withResolvers<void>();
  let begun = 0;
  const task = new RepeatedTask(
    10,
    () => {
      begun += 1;
      return round.promise;
    },
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(10);
  let isStopped = false;
  const stopped = task.stop().then(() => (isStopped = true));
  await vi.advanceTimersByTimeAsync(30);
  expect({ begun, isStopped }).toEqual({ begun: 1, isStopped: false });
  round.resolve();
  await stopped;
  expect(begun).toBe(1);
});
