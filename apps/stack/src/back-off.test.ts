import { expect, test } from 'vitest';
import { BackOff } from './back-off.js';

test('each death waits twice as long as the one before, and none longer than half a minute', () => {
  const backOff = new BackOff();
  const waits = Array.from({ length: 9 }, () => backOff.afterDeath(0));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('a part that had served for a minute starts again at once, one that died before that does not', () => {
  const backOff = new BackOff();
  for (let death = 0; death < 5; death += 1) backOff.afterDeath(0);
  expect(backOff.afterDeath(59_999)).toBe(16_000);
  expect(backOff.afterDeath(60_000)).toBe(500);
});
