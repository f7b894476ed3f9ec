import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CharacterTokenizer, TokenizerFormatError } from './index.js';

test('tokenizer.json is BPE without merges that fuses what it decodes', () => {
  expect(CharacterTokenizer.fromText('b a').toHuggingFace()).toEqual({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: { ' ': 0, a: 1, b: 2 },
      merges: [],
    },
  });
});

test('a tokenizer written as JSON and read again has the same vocabulary', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const tokenizer = CharacterTokenizer.fromText(text);
      const read = CharacterTokenizer.fromHuggingFace(JSON.parse(JSON.stringify(tokenizer.toHuggingFace())));
      expect(read.vocabulary).toEqual(tokenizer.vocabulary);
    }),
  );
});

test('padding has the first id beyond the vocabulary, in a text that no text of its characters holds', () => {
  const padded = (text: string) => CharacterTokenizer.fromText(text).toHuggingFace({ padding: true }).added_tokens;
  expect(padded('ab')).toMatchObject([{ id: 2, content: '<pad>', special: true }]);
  expect(padded('<dap')).toMatchObject([{ id: 4, content: '<pad>' }]);
  expect(padded('<pad>')).toMatchObject([{ id: 5, content: '\u{10FFFF}' }]);
  expect(padded('<pad>\u{10FFFF}')).toMatchObject([{ id: 6, content: '\u{10FFFE}' }]);
});

test('a tokenizer with padding is read as the vocabulary that it had', () => {
  const json: unknown = JSON.parse(JSON.stringify(CharacterTokenizer.fromText('ab').toHuggingFace({ padding: true })));
  expect(CharacterTokenizer.fromHuggingFace(json).vocabulary).toEqual(['a', 'b']);
});

test('ids need not follow the order of the file', () => {
  const json = withModel({ vocab: { a: 1, '7': 2, b: 0 } });
  expect(CharacterTokenizer.fromHuggingFace(json).vocabulary).toEqual(['b', 'a', '7']);
});

test.each([
  [null, 'tokenizer.json is null; it must be an object'],
  [[], 'tokenizer.json is []; it must be an object'],
  [{ decoder: { type: 'Fuse' } }, 'model is missing; it must be an object'],
  [{ ...withModel({}), decoder: null }, 'decoder is null; it must be an object'],
  [{ ...withModel({}), decoder: { type: 'ByteLevel' } }, 'decoder.type is "ByteLevel"; it must be "Fuse"'],
  [{ ...withModel({}), normalizer: { type: 'NFC' } }, 'normalizer is {"type":"NFC"}; it must be empty'],
  [{ ...withModel({}), pre_tokenizer: { type: 'BertPreTokenizer' } }, 'pre_tokenizer is {"type":"BertPreTokenizer"}'],
  [{ ...withModel({}), added_tokens: [{ id: 2, content: '<s>' }] }, 'added_tokens is [{"id":2,"content":"<s>"}]'],
  [{ ...withModel({}), added_tokens: [{ id: 1, content: 'b', special: true }] }, 'one special token with the id 2'],
  [withModel({ type: 'WordLevel' }), 'model.type is "WordLevel"; it must be "BPE"'],
  [withModel({ merges: ['a b'] }), 'model.merges is ["a b"]; it must be empty'],
  [withModel({ merges: undefined }), 'model.merges is missing; it must be an empty list'],
  [withModel({ byte_fallback: true }), 'model.byte_fallback is true; it must be empty'],
  [withModel({ vocab: ['a'] }), 'model.vocab is ["a"]; it must be an object'],
  [withModel({ vocab: { a: 0, b: 2 } }), 'model.vocab has 2 tokens but none with the id 1; ids must count from 0'],
  [withModel({ vocab: { a: 0, b: 0 } }), 'model.vocab gives the id 0 to "a" and to "b"'],
  [withModel({ vocab: { a: '0' } }), 'model.vocab has 1 token but none with the id 0'],
])('%j is refused', (json, reason) => {
  expect(() => CharacterTokenizer.fromHuggingFace(json)).toThrow(TokenizerFormatError);
  expect(() => CharacterTokenizer.fromHuggingFace(json)).toThrow(reason);
});

test('a vocabulary of words is refused', () => {
  const json = withModel({ vocab: { the: 0 } });
  expect(() => CharacterTokenizer.fromHuggingFace(json)).toThrow('Token 0 is "the"; each token must be one code point.');
});

function withModel(model: Record<string, unknown>): Record<string, unknown> {
  const json = CharacterTokenizer.fromText('ab').toHuggingFace();
  return { ...json, model: { ...json.model, ...model } };
}
