import { expect, test } from 'vitest';

import { checkTrainable, EmptyTextError, TextTooShortError, TextTooUniformError } from './index.js';

const wanted = { blockSize: 8, validationFraction: 0.1 };

test('a text whose smaller split just holds a block and its target can train', () => {
  expect(() => checkTrainable({ characters: 90, vocabularySize: 2 }, wanted)).not.toThrow();
});

test('a validation split of one token less names both sizes and the remedy', () => {
  const check = (): void => checkTrainable({ characters: 80, vocabularySize: 30 }, wanted);
  expect(check).toThrow(TextTooShortError);
  expect(check).toThrow(
    'The validation split (validationFraction 0.1 of 80 characters) holds 8 tokens, but blockSize 8 needs at least 9. ' +
      'Give a longer text, or a blockSize of at most 7.',
  );
  expect(check).toThrow(expect.objectContaining({ code: 'text_too_short', splitTokens: 8, blockSize: 8 }));
});

test('a train split that is too short is named too', () => {
  const check = (): void =>
    checkTrainable({ characters: 10, vocabularySize: 3 }, { blockSize: 4, validationFraction: 0.9 });
  expect(check).toThrow(
    'The train split (validationFraction 0.9 of 10 characters) holds 1 token, but blockSize 4 needs at least 5. ' +
      'Give a longer text.',
  );
});

test('an empty text is refused', () => {
  const check = (): void => checkTrainable({ characters: 0, vocabularySize: 0 }, wanted);
  expect(check).toThrow(EmptyTextError);
  expect(check).toThrow(expect.objectContaining({ code: 'text_empty' }));
});

test('a text of one distinct character is refused', () => {
  const check = (): void => checkTrainable({ characters: 1000, vocabularySize: 1 }, wanted);
  expect(check).toThrow(TextTooUniformError);
  expect(check).toThrow(expect.objectContaining({ code: 'text_too_uniform' }));
});

test.each([
  [1, /^The text is a single character; .* Give a longer text\.$/u],
  [2, /^The text is the same character 2 times; .* Give another text\.$/u],
])('a text of one distinct character, %i of it, is described grammatically', (characters, message) => {
  expect(() => checkTrainable({ characters, vocabularySize: 1 }, wanted)).toThrow(message);
});
