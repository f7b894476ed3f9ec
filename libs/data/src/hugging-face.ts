import { counted, TokenizerFormatError } from './errors.js';

/**
 * A tokenizer.json of Hugging Face's tokenizers library whose tokens are code points: BPE that never merges splits a
 * text into its characters, and the `Fuse` decoder joins them without spaces. The only special token is one that fills up
 * texts of unequal length, if there is one; its id is the first beyond the vocabulary.
 */
export interface HuggingFaceTokenizer {
  version: '1.0';
  truncation: null;
  padding: null;
  added_tokens: AddedToken[];
  normalizer: null;
  pre_tokenizer: null;
  post_processor: null;
  decoder: { type: 'Fuse' };
  model: {
    type: 'BPE';
    dropout: null;
    unk_token: null;
    continuing_subword_prefix: null;
    end_of_word_suffix: null;
    fuse_unk: false;
    byte_fallback: false;
    ignore_merges: false;
    vocab: Record<string, number>;
    merges: [];
  };
}

/** A token that is found in a text before the model splits it. */
interface AddedToken {
  id: number;
  content: string;
  single_word: false;
  lstrip: false;
  rstrip: false;
  normalized: false;
  special: true;
}

/** The tokenizer.json of a vocabulary in id order, and of the token that is padding. */
export function huggingFaceFromVocabulary(vocabulary: readonly string[], padding?: string): HuggingFaceTokenizer {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: padding === undefined ? [] : [specialToken(vocabulary.length, padding)],
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
      vocab: Object.fromEntries(vocabulary.map((character, id) => [character, id])),
      merges: [],
    },
  };
}

function specialToken(id: number, content: string): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * The tokens of a parsed tokenizer.json in id order, without padding. Refuses, by {@link TokenizerFormatError}, every tokenizer that
 * would cut or join text in another way than character by character.
 */
export function vocabularyFromHuggingFace(json: unknown): string[] {
  const tokenizer = recordAt(json, 'tokenizer.json');
  const decoder = recordAt(tokenizer['decoder'], 'decoder');
  const model = recordAt(tokenizer['model'], 'model');
  requireAbsent(tokenizer, ['normalizer', 'pre_tokenizer', 'post_processor'], '');
  if (decoder['type'] !== 'Fuse') reject(`decoder.type is ${show(decoder['type'])}; it must be "Fuse"`);
  if (model['type'] !== 'BPE') reject(`model.type is ${show(model['type'])}; it must be "BPE"`);
  if (!Array.isArray(model['merges'])) reject(`model.merges is ${show(model['merges'])}; it must be an empty list`);
  requireAbsent(
    model,
    ['merges', 'dropout', 'unk_token', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback'],
    'model.',
  );
  const tokens = tokensInOrder(recordAt(model['vocab'], 'model.vocab'));
  requirePaddingAlone(tokenizer['added_tokens'], tokens.length);
  return tokens;
}

/** Padding stands beyond the vocabulary, so that it is no character of a text. */
function requirePaddingAlone(added: unknown, vocabularySize: number): void {
  if (!added || (Array.isArray(added) && added.length === 0)) return;
  const [padding, ...others]: unknown[] = Array.isArray(added) ? added : [];
  if (isRecord(padding) && padding['id'] === vocabularySize && padding['special'] === true && others.length === 0) return;
  reject(`added_tokens is ${show(added)}; it must be empty, or one special token with the id ${vocabularySize}`);
}

function tokensInOrder(vocab: Record<string, unknown>): string[] {
  const entries = Object.entries(vocab);
  const tokens = new Map<unknown, string>();
  for (const [token, id] of entries) {
    const other = tokens.get(id);
    if (other !== undefined) reject(`model.vocab gives the id ${show(id)} to ${show(other)} and to ${show(token)}`);
    tokens.set(id, token);
  }
  return entries.map((_, id) => {
    const token = tokens.get(id);
    return token ?? reject(`model.vocab has ${counted(entries.length, 'token')} but none with the id ${id}; ids must count from 0`);
  });
}

/** Null, false, an empty string and an empty list all say that a feature is not used. */
function requireAbsent(record: Record<string, unknown>, fields: readonly string[], prefix: string): void {
  for (const field of fields) {
    const value = record[field];
    const absent = !value || (Array.isArray(value) && value.length === 0);
    if (!absent) reject(`${prefix}${field} is ${show(value)}; it must be empty`);
  }
}

function recordAt(value: unknown, name: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  return reject(`${name} is ${show(value)}; it must be an object`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function reject(what: string): never {
  throw new TokenizerFormatError(`Not the tokenizer of a character model: ${what}.`);
}
