import { expect, test } from 'vitest';
import { figureCells, lessIsBetter, median, moreIsBetter } from './figure.js';

const about = { figure: 'step', threads: 1, batch: 12, unit: 'ms' };

test('the median of an even count is between the two in the middle', () => {
  expect(median([9, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 3])).toBe(3);
});

test('a ratio is above 1 where ours is better, whether less or more is better', () => {
  expect(lessIsBetter(about, [30, 20, 10], [60, 40, 20])).toEqual({ ...about, ours: 20, peer: 40, ratio: 2 });
  expect(moreIsBetter(about, [30, 20, 10], [60, 40, 20])).toEqual({ ...about, ours: 20, peer: 40, ratio: 0.5 });
});

test('numbers of a table have five digits, and an exponent only if they are very small or large', () => {
  const cells = figureCells({ ...about, ours: 28.745123, peer: 4.76837e-7, ratio: 1.8526 });
  expect(cells).toEqual(['step', '1', '12', 'ms', '28.745', '4.77e-7', '1.85×']);
});
