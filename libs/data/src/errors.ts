import { describeCodePoint, formatCodePoint } from './code-point.js';

/** What is wrong with a text, a tokenizer or what was asked of them. The `code` is stable; the message says what to do. */
export class DatasetError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** `invalid_utf8`: the bytes are not UTF-8; `byteOffset` counts the bytes before the first ill-formed sequence. */
export class InvalidUtf8Error extends DatasetError {
  readonly byteOffset: number;

  constructor(byteOffset: number, fault: { truncated: boolean; looksLikeUtf16: boolean }) {
    const what = fault.truncated ? 'it ends in the middle of a character' : 'no UTF-8 sequence starts there';
    const remedy = fault.looksLikeUtf16
      ? 'The bytes look like UTF-16: save the text as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`.'
      : 'Save the text as UTF-8; a text in Latin-1 is converted by `iconv -f ISO-8859-1 -t UTF-8`.';
    super('invalid_utf8', `The text is not valid UTF-8 at byte ${byteOffset}: ${what}. ${remedy}`);
    this.byteOffset = byteOffset;
  }
}

/** `looks_like_utf16`: the bytes can be read as UTF-8, but every other character would be a control character. */
export class LooksLikeUtf16Error extends DatasetError {
  constructor() {
    super(
      'looks_like_utf16',
      'The text looks like UTF-16 without a byte order mark: every other byte is a zero or another control character. ' +
        'Save the text as UTF-8, for example with `iconv -f UTF-16LE -t UTF-8`.',
    );
  }
}

/** `text_empty`: there is nothing to learn from. */
export class EmptyTextError extends DatasetError {
  constructor() {
    super('text_empty', 'The text is empty. Give a text of at least a few thousand characters.');
  }
}

/** `text_too_uniform`: the text has one distinct character, so there is nothing to predict. */
export class TextTooUniformError extends DatasetError {
  constructor(characters: number) {
    super(
      'text_too_uniform',
      characters === 1
        ? 'The text is a single character; a model needs at least 2 distinct ones. Give a longer text.'
        : `The text is the same character ${characters} times; a model needs at least 2 distinct ones. Give another text.`,
    );
  }
}

/** `text_too_short`: a split holds fewer than `blockSize` + 1 tokens, so not one example fits in it. */
export class TextTooShortError extends DatasetError {
  readonly splitTokens: number;
  readonly blockSize: number;

  constructor(split: string, splitTokens: number, blockSize: number) {
    const smallerBlock = splitTokens > 1 ? `, or a blockSize of at most ${splitTokens - 1}` : '';
    super(
      'text_too_short',
      `The ${split} holds ${counted(splitTokens, 'token')}, but blockSize ${blockSize} needs at least ${blockSize + 1}. ` +
        `Give a longer text${smallerBlock}.`,
    );
    this.splitTokens = splitTokens;
    this.blockSize = blockSize;
  }
}

/** `1 token`, `2 tokens`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** `unknown_character`: a text has a character that the vocabulary lacks; `position` counts the code points before it. */
export class UnknownCharacterError extends DatasetError {
  readonly character: string;
  /** As in `U+00E9`. */
  readonly codePoint: string;
  readonly position: number;

  constructor(codePoint: number, position: number) {
    super(
      'unknown_character',
      `The character ${describeCodePoint(codePoint)} at position ${position} is not among the characters this model knows. ` +
        'Remove or replace it.',
    );
    this.character = String.fromCodePoint(codePoint);
    this.codePoint = formatCodePoint(codePoint);
    this.position = position;
  }
}

/** `unknown_token`: an id outside the vocabulary; `position` is its index among the ids. */
export class UnknownTokenError extends DatasetError {
  readonly id: number;
  readonly position: number;

  constructor(id: number, position: number, vocabularySize: number) {
    super(
      'unknown_token',
      `The token id ${id} at index ${position} is outside the vocabulary of ${counted(vocabularySize, 'token')} (ids 0 to ${vocabularySize - 1}).`,
    );
    this.id = id;
    this.position = position;
  }
}

/** `invalid_tokenizer`: a vocabulary or a tokenizer.json that is not one of a character tokenizer. */
export class TokenizerFormatError extends DatasetError {
  constructor(message: string) {
    super('invalid_tokenizer', message);
  }
}
