import { expect, test } from 'vitest';
import { parseByteRange } from './byte-range.js';

test.each([
  ['bytes=0-3', { start: 0, end: 3 }],
  ['bytes=4-', { start: 4, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['bytes=8-99', { start: 8, end: 9 }],
])('%s of ten bytes is %o', (header, range) => {
  expect(parseByteRange(header, 10)).toEqual(range);
});

test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('%s of ten bytes cannot be met', (header) => {
  expect(parseByteRange(header, 10)).toBe('unsatisfiable');
});

test.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=3-2', 'bytes=0-1,4-5', 'lines=0-1'])(
  'the header %s asks for the whole file',
  (header) => {
    expect(parseByteRange(header, 10)).toBeUndefined();
  },
);

test('a file without bytes has no range', () => {
  expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
});
