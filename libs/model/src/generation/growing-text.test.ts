import { CharacterTokenizer } from '@glyphmill/data';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingText } from './growing-text.js';

const tokenizer = CharacterTokenizer.fromText('abc🐳');

/** What becomes of `text` when so many tokens of it come at once. */
function grown(text: string, stop: readonly string[], together: number) {
  const growing = new GrowingText(tokenizer, stop);
  const tokens = tokenizer.encode(text);
  let shown = '';
  for (let at = 0; at < tokens.length; at += together) {
    const goesOn = growing.append(tokens.subarray(at, at + together));
    expect(growing.text.startsWith(shown)).toBe(true);
    shown = growing.text.slice(0, growing.sureLength);
    if (!goesOn) break;
  }
  const { text: whole, tokenCount, isStopped } = growing;
  return { text: whole, tokenCount, isStopped };
}

test('a text without a stop string in it is all of its tokens', () => {
  expect(grown('abc🐳', ['bb'], 2)).toEqual({ text: 'abc🐳', tokenCount: 4, isStopped: false });
  expect(grown('abc', [], 9)).toEqual({ text: 'abc', tokenCount: 3, isStopped: false });
});

test('a text ends before a stop string, and the tokens of that are counted', () => {
  expect(grown('a🐳bcab', ['bc'], 1)).toEqual({ text: 'a🐳', tokenCount: 4, isStopped: true });
  expect(grown('abc', ['a'], 3)).toEqual({ text: '', tokenCount: 1, isStopped: true });
});

test('of several stop strings the one that is complete first ends the text, and of two at once the longer', () => {
  expect(grown('abcab', ['bca', 'c'], 5)).toEqual({ text: 'ab', tokenCount: 3, isStopped: true });
  expect(grown('abc', ['c', 'bc'], 3)).toEqual({ text: 'a', tokenCount: 3, isStopped: true });
});

test('what is sure is all but the longest end that begins a stop string', () => {
  const growing = new GrowingText(tokenizer, ['abcb', 'bca']);
  const sure = Array.from('cabca', (character) => {
    growing.append(tokenizer.encode(character));
    return growing.text.slice(0, growing.sureLength);
  });
  expect(sure).toEqual(['c', 'c', 'c', 'c', 'ca']);
});

test('how many tokens come at once makes no difference, and what was sure stays', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '🐳'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '🐳'), minLength: 1, maxLength: 5 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(texts, stops, fc.integer({ min: 2, max: 40 }), (text, stop, together) => {
      const byOne = grown(text, stop, 1);
      expect(grown(text, stop, together)).toEqual(byOne);
      expect(stop.some((one) => byOne.text.includes(one))).toBe(false);
      expect(byOne.isStopped).toBe(stop.some((one) => text.includes(one)));
    }),
  );
});
