import { expect, test } from 'vitest';
import { coresOf } from './processor-cores.js';

test('a list of cores has ranges and single ones', () => {
  expect(coresOf('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
  expect(coresOf('3')).toEqual([3]);
});
