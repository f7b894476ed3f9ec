import { expect, test } from 'vitest';
import { BodyPace } from './body-pace.js';

const PAUSE_MS = 30_000;

test('a body may pause for as long as it may, and no longer', () => {
  const pace = new BodyPace(PAUSE_MS, 500);
  expect(pace.waited(20_000, 500)).toBe(true);
  expect(pace.waited(5000, 100_500)).toBe(true);
  expect(pace.waited(29_999, 100_500)).toBe(true);
  expect(pace.waited(1, 100_500)).toBe(false);
});

test('a body of a byte now and then is too slow once the first pause is over', () => {
  const pace = new BodyPace(PAUSE_MS, 0);
  expect(pace.waited(29_000, 100)).toBe(true);
  expect(pace.waited(1000, 200)).toBe(true);
  expect(pace.waited(1000, 300)).toBe(false);
});

test('256 MiB that come at 2 KiB per second are never too slow', () => {
  const pace = new BodyPace(PAUSE_MS, 0);
  const seconds = Array.from({ length: (256 * 1024) / 2 }, (_, second) => second + 1);
  expect(seconds.every((second) => pace.waited(1000, second * 2048))).toBe(true);
});
