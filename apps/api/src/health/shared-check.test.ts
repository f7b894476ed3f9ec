import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SharedCheck } from './shared-check.js';

const KEPT_MS = { passed: 10_000, failed: 1000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('those who ask while a check runs share it, and those who ask soon after get its result', async () => {
  const check = vi.fn<() => Promise<void>>(async () => undefined);
  const shared = new SharedCheck(check, KEPT_MS);
  expect(await Promise.all([shared.result(), shared.result()])).toEqual([{ passed: true }, { passed: true }]);
  vi.advanceTimersByTime(9999);
  expect(await shared.result()).toEqual({ passed: true });
  expect(check).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  await shared.result();
  expect(check).toHaveBeenCalledTimes(2);
});

test('a failure is kept for its own time, and what has recovered passes', async () => {
  const check = vi.fn<() => Promise<void>>(async () => undefined).mockRejectedValueOnce(new Error('away'));
  const shared = new SharedCheck(check, KEPT_MS);
  expect(await shared.result()).toMatchObject({ passed: false, error: { message: 'away' } });
  vi.advanceTimersByTime(999);
  expect(await shared.result()).toMatchObject({ passed: false, error: { message: 'away' } });
  vi.advanceTimersByTime(1);
  expect(await shared.result()).toEqual({ passed: true });
});
