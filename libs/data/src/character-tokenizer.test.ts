import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CharacterTokenizer, TokenizerFormatError, UnknownCharacterError, UnknownTokenError } from './index.js';

const wellFormedText = fc.string({ unit: 'binary' });

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('vocabulary', () => {
  test('vocabulary holds the distinct code points in code-point order', () => {
    const tokenizer = CharacterTokenizer.fromText('hello\n\u{1F40B}\uFFFD!');
    expect(tokenizer.vocabulary).toEqual(['\n', '!', 'e', 'h', 'l', 'o', '\uFFFD', '\u{1F40B}']);
    expect(tokenizer.vocabularySize).toBe(8);
  });

  test('vocabulary of an empty text is empty', () => {
    const tokenizer = CharacterTokenizer.fromText('');
    expect(tokenizer.vocabularySize).toBe(0);
    expect(tokenizer.encode('')).toEqual(new Int32Array(0));
  });

  test('given by hand keeps its order and is not changed from outside', () => {
    const characters = ['b', 'a'];
    const tokenizer = CharacterTokenizer.fromVocabulary(characters);
    characters[0] = 'z';
    expect(tokenizer.vocabulary).toEqual(['b', 'a']);
    expect([...tokenizer.encode('ab')]).toEqual([1, 0]);
  });

  test.each([
    [['a', 'bc'], 'Token 1 is "bc"; each token must be one code point.'],
    [['a', ''], 'Token 1 is ""; each token must be one code point.'],
    [['a', 'b', 'a'], 'Tokens 0 and 2 are both “a” (U+0061).'],
    [['\uD800'], 'Token 0 is U+D800 (half of a surrogate pair), which is no character.'],
  ])('%j is refused', (characters, message) => {
    expect(() => CharacterTokenizer.fromVocabulary(characters)).toThrow(new TokenizerFormatError(message));
  });

  test('a text with a lone surrogate has none', () => {
    expect(() => CharacterTokenizer.fromText('a\uDC00')).toThrow(TokenizerFormatError);
  });
});

describe('encoding', () => {
  test('encoding yields one id per code point', () => {
    const tokenizer = CharacterTokenizer.fromText('abc\u{1F600}');
    expect(tokenizer.encode('c\u{1F600}a')).toEqual(Int32Array.of(2, 3, 0));
  });

  test('encoding and decoding give back any well-formed text', () => {
    fc.assert(
      fc.property(wellFormedText, (text) => {
        const tokenizer = CharacterTokenizer.fromText(text);
        const ids = tokenizer.encode(text);
        expect(ids).toHaveLength(Array.from(text).length);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
  });

  test('normalizes nothing: CRLF, a byte order mark and combining accents stay as they are', () => {
    const text = '\uFEFFe\u0301 \u00E9\r\n';
    const tokenizer = CharacterTokenizer.fromText(text);
    expect(tokenizer.vocabularySize).toBe(7);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test('encoding names an unknown character and its place in code points', () => {
    const tokenizer = CharacterTokenizer.fromText('caf\u{1F600}');
    const error = errorOf(() => tokenizer.encode('\u{1F600}caf\u00E9'));
    expect(error).toBeInstanceOf(UnknownCharacterError);
    expect(error).toMatchObject({
      name: 'UnknownCharacterError',
      code: 'unknown_character',
      character: '\u00E9',
      codePoint: 'U+00E9',
      position: 4,
    });
  });

  test.each([
    ['\u00E9', '“\u00E9” (U+00E9)'],
    ['\u{1F600}', '“\u{1F600}” (U+1F600)'],
    ['\n', 'U+000A (a line feed)'],
    ['\u0007', 'U+0007 (a control character)'],
    ['\u0301', '“\u25CC\u0301” (U+0301)'],
    ['\u202E', 'U+202E (an invisible character)'],
    ['\u2028', 'U+2028 (an invisible character)'],
    ['\uD83D', 'U+D83D (half of a surrogate pair)'],
  ])('encoding says readably that it does not know %j', (character, description) => {
    const tokenizer = CharacterTokenizer.fromText('abc');
    expect(() => tokenizer.encode(`a${character}`)).toThrow(
      `The character ${description} at position 1 is not among the characters this model knows. Remove or replace it.`,
    );
  });
});

describe('decoding', () => {
  test.each([[3], [-1], [0.5], [Number.NaN]])('decoding refuses the id %d outside the vocabulary', (id) => {
    const error = errorOf(() => CharacterTokenizer.fromText('abc').decode([0, id]));
    expect(error).toBeInstanceOf(UnknownTokenError);
    expect(error).toMatchObject({ code: 'unknown_token', id, position: 1 });
  });
});
