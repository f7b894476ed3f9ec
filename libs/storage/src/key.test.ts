import { posix } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InvalidKeyError } from './index.js';
import { isKey, splitKey } from './key.js';

test.each([
  ['a'],
  ['models/model_01JD/onnx/model.onnx'],
  ['A-Z_a.z+0'],
  ['a..b'],
  ['-'],
  [Array(16).fill('s').join('/')],
  ['x'.repeat(255)],
])('%s is a key', (key) => {
  expect(splitKey(key)).toEqual(key.split('/'));
});

test.each([
  ['', 'it is empty'],
  ['/a', 'the segment "" is not 1 to 255 of'],
  ['a/', 'the segment "" is'],
  ['a//b', 'the segment "" is'],
  ['.', 'the segment "." is'],
  ['a/../b', 'the segment ".." is'],
  ['.staging/x', 'the segment ".staging" is'],
  ['a/.hidden', 'the segment ".hidden" is'],
  ['a\\b', 'the segment "a\\\\b" is'],
  ['a b', 'the segment "a b" is'],
  ['a\0', 'the segment "a\\u0000" is'],
  ['a\n', 'the segment "a\\n" is'],
  ['é', 'the segment "é" is'],
  ['%2e%2e', 'the segment "%2e%2e" is'],
  ['C:', 'the segment "C:" is'],
  ['x'.repeat(256), 'without a dot in front'],
  [Array(17).fill('s').join('/'), 'it has 17 segments; at most 16 are allowed'],
  [Array(5).fill('x'.repeat(250)).join('/'), 'it has 1254 characters; at most 1024 are allowed'],
])('%j is no key', (key, reason) => {
  expect(() => splitKey(key)).toThrow(InvalidKeyError);
  expect(() => splitKey(key)).toThrow(reason);
});

test('whatever is a key is a path below its folder', () => {
  const pieces = fc.array(fc.constantFrom('.', '..', '/', 'a', '-', 'b/c'), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      pieces.map((list) => list.join('')).filter((key) => isKey(key)),
      (key) => {
        expect(posix.resolve('/root', key)).toBe(`/root/${key}`);
      },
    ),
  );
});
