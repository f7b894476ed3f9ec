import { expect, test } from 'vitest';
import { retryDelayMs } from './retry-delay.js';

test('without Retry-After the delay doubles from half a second up to eight, less a random half', () => {
  for (const [retries, most] of [
    [0, 500],
    [1, 1000],
    [3, 4000],
    [4, 8000],
    [40, 8000],
  ] as const) {
    const delays = Array.from({ length: 200 }, () => retryDelayMs(retries, null));
    expect(Math.max(...delays)).toBeLessThanOrEqual(most);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(most / 2);
  }
});

test('Retry-After is seconds or a date, and what is neither is ignored', () => {
  const now = Date.parse('2027-01-01T00:00:00Z');
  expect(retryDelayMs(3, ' 2 ', now)).toBe(2000);
  expect(retryDelayMs(3, 'Fri, 01 Jan 2027 00:00:07 GMT', now)).toBe(7000);
  expect(retryDelayMs(3, 'Thu, 31 Dec 2026 23:00:00 GMT', now)).toBe(0);
  expect(retryDelayMs(0, 'soon', now)).toBeLessThanOrEqual(500);
});
