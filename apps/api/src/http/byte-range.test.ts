import { expect, test } from 'vitest';
import { parseByteRange } from './byte-range.js';

const HUGE = '9'.repeat(400);

test.each([
  ['bytes=0-3', { start: 0, end: 3 }],
  ['bytes=4-', { start: 4, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  [`bytes=-${HUGE}`, { start: 0, end: 9 }],
  ['bytes=8-99', { start: 8, end: 9 }],
  ['bytes=8-9007199254740993', { start: 8, end: 9 }],
  [`bytes=8-${HUGE}`, { start: 8, end: 9 }],
  ['BYTES=0-3', { start: 0, end: 3 }],
  ['Bytes=,0-3 ,', { start: 0, end: 3 }],
])('%s of ten bytes is %o', (header, range) => {
  expect(parseByteRange(header, 10)).toEqual(range);
});

test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0', `bytes=${HUGE}-`, `bytes=${HUGE}-${HUGE}`])(
  '%s of ten bytes cannot be met',
  (header) => {
    expect(parseByteRange(header, 10)).toBe('unsatisfiable');
  },
);

test.each([
  undefined,
  '',
  'bytes',
  'bytes=',
  'bytes=-',
  'bytes=,',
  'bytes=3-2',
  'bytes=9007199254740994-9007199254740993',
  'bytes=0-1,4-5',
  'bytes=0-1, bytes=4-5',
  'bytes=0x1-2',
  'bytes=1e0-2',
  'bytes=+1-2',
  'bytes=0--2',
  'bytes =0-1',
  'lines=0-1',
])('the header %s asks for the whole file', (header) => {
  expect(parseByteRange(header, 10)).toBeUndefined();
});

test('a file without bytes has no range but its last bytes, which are all of it', () => {
  expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
  expect(parseByteRange('bytes=-5', 0)).toBeUndefined();
});
