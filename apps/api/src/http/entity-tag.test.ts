import { expect, test } from 'vitest';
import { hasEntityTag, weakened } from './entity-tag.js';

test.each([
  ['"a"', true, true],
  ['*', true, true],
  [' * ', true, true],
  ['"b", "a"', true, true],
  ['"b","a"', true, true],
  ['"b, c", "a"', true, true],
  ['W/"a"', false, true],
  ['W/"b", W/"a"', false, true],
  ['w/"a"', true, true],
  ['"b"', false, false],
  ['"*"', false, false],
  ['"b, a"', false, false],
  ['a', false, false],
  ['', false, false],
])('in %s, "a" is found by a strong comparison: %s, by a weak one: %s', (list, strong, weak) => {
  expect(hasEntityTag(list, '"a"', 'strong')).toBe(strong);
  expect(hasEntityTag(list, '"a"', 'weak')).toBe(weak);
});

test('a tag is weakened once', () => {
  expect(weakened('"a"')).toBe('W/"a"');
  expect(weakened('W/"a"')).toBe('W/"a"');
});
