import { expect, test } from 'vitest';
import { alphabetDifference } from './index.js';

test('the same characters in another order are no difference', () => {
  expect(alphabetDifference('ba🐋', 'a🐋b')).toBeUndefined();
});

test.each([
  ['abé', 'ab', 'the text has 1 character that it does not know (“é” (U+00E9))'],
  ['a', 'ab\n', 'the text lacks 2 characters that it knows (“b” (U+0062), U+000A (a line feed))'],
  ['ax', 'ab', 'the text has 1 character that it does not know (“x” (U+0078)) and lacks 1 character that it knows (“b” (U+0062))'],
  ['abcde', 'a', 'the text has 4 characters that it does not know (“b” (U+0062), “c” (U+0063), “d” (U+0064), …)'],
])('of %j and what knows %j it is told which characters', (text, model, difference) => {
  expect(alphabetDifference(text, model)).toBe(difference);
});
