import { describeCodePoint, isSurrogate } from './code-point.js';
import { TokenizerFormatError, UnknownCharacterError, UnknownTokenError } from './errors.js';
import { huggingFaceFromVocabulary, vocabularyFromHuggingFace, type HuggingFaceTokenizer } from './hugging-face.js';

const CODE_POINTS = 0x110000;
const UNKNOWN = -1;
const USUAL_PADDING = '<pad>';

/**
 * A tokenizer whose tokens are Unicode code points: "é" is one token, or two where the text spells it with a combining
 * accent, and an emoji joined from three is five. Nothing is normalized, so decoding returns what was encoded.
 *
 *     const tokenizer = CharacterTokenizer.fromText('hello');
 *     tokenizer.encode('hole'); // Int32Array [1, 3, 2, 0]
 */
export class CharacterTokenizer {
  /** The tokens, one code point each; a token's id is its place. */
  readonly vocabulary: readonly string[];
  /** From code point to id, as long as the highest code point needs. */
  readonly #idOf: Int32Array;
  /** From id to code point. */
  readonly #codePoints: Int32Array;

  private constructor(vocabulary: readonly string[]) {
    this.vocabulary = vocabulary;
    this.#idOf = indexByCodePoint(vocabulary);
    this.#codePoints = Int32Array.from(vocabulary, (character) => character.codePointAt(0)!);
  }

  /** The distinct code points of a text, in code-point order. Throws {@link TokenizerFormatError} on a lone surrogate. */
  static fromText(text: string): CharacterTokenizer {
    const seen = new Uint8Array(CODE_POINTS);
    for (let at = 0; at < text.length; at += 1) {
      const codePoint = text.codePointAt(at)!;
      seen[codePoint] = 1;
      if (codePoint > 0xffff) at += 1;
    }
    const vocabulary: string[] = [];
    for (let codePoint = 0; codePoint < CODE_POINTS; codePoint += 1) {
      if (seen[codePoint] === 1) vocabulary.push(String.fromCodePoint(codePoint));
    }
    return new CharacterTokenizer(vocabulary);
  }

  /** Throws {@link TokenizerFormatError} unless each entry is one code point, no surrogate, and none is there twice. */
  static fromVocabulary(characters: readonly string[]): CharacterTokenizer {
    return new CharacterTokenizer([...characters]);
  }

  /** Reads a parsed tokenizer.json of {@link toHuggingFace}'s form; throws {@link TokenizerFormatError} on any other. */
  static fromHuggingFace(json: unknown): CharacterTokenizer {
    return new CharacterTokenizer(vocabularyFromHuggingFace(json));
  }

  get vocabularySize(): number {
    return this.vocabulary.length;
  }

  /** Text to ids, one per code point. Throws {@link UnknownCharacterError} at the first character the vocabulary lacks. */
  encode(text: string): Int32Array {
    const ids = new Int32Array(text.length);
    let count = 0;
    for (let at = 0; at < text.length; at += 1) {
      const codePoint = text.codePointAt(at)!;
      const id = this.#idOf[codePoint] ?? UNKNOWN;
      if (id === UNKNOWN) throw new UnknownCharacterError(codePoint, count);
      ids[count] = id;
      count += 1;
      if (codePoint > 0xffff) at += 1;
    }
    return count === ids.length ? ids : ids.slice(0, count);
  }

  /** Ids to text. Throws {@link UnknownTokenError} at the first id outside the vocabulary. */
  decode(ids: ArrayLike<number>): string {
    // Written as UTF-16, a text is one string; put together from characters it would be a tree of hundreds.
    const units = new Uint16Array(2 * ids.length);
    let count = 0;
    for (let at = 0; at < ids.length; at += 1) {
      const codePoint = this.#codePoints[ids[at]!];
      if (codePoint === undefined) throw new UnknownTokenError(ids[at]!, at, this.vocabularySize);
      if (codePoint > 0xffff) {
        units[count] = 0xd7c0 + (codePoint >> 10);
        units[count + 1] = 0xdc00 + (codePoint & 0x3ff);
        count += 2;
      } else {
        units[count] = codePoint;
        count += 1;
      }
    }
    return Buffer.from(units.buffer, 0, 2 * count).toString('utf16le');
  }

  /**
   * The tokenizer.json that Hugging Face's libraries read, for `PreTrainedTokenizerFast`; ready for `JSON.stringify`. With
   * `padding` it has a special token beyond the vocabulary, called {@link padding}.
   */
  toHuggingFace({ padding = false } = {}): HuggingFaceTokenizer {
    return huggingFaceFromVocabulary(this.vocabulary, padding ? this.padding : undefined);
  }

  /** What to call a token that fills up texts of unequal length: something that no text of these characters holds. */
  get padding(): string {
    const knows = (codePoint: number) => (this.#idOf[codePoint] ?? UNKNOWN) !== UNKNOWN;
    if (!Array.from(USUAL_PADDING).every((character) => knows(character.codePointAt(0)!))) return USUAL_PADDING;
    let codePoint = CODE_POINTS - 1; // no character
    while (knows(codePoint)) codePoint -= 1;
    return String.fromCodePoint(codePoint);
  }
}

function indexByCodePoint(vocabulary: readonly string[]): Int32Array {
  const codePoints = vocabulary.map((character, id) => {
    const codePoint = character.codePointAt(0);
    if (codePoint === undefined || String.fromCodePoint(codePoint) !== character) {
      throw new TokenizerFormatError(`Token ${id} is ${JSON.stringify(character)}; each token must be one code point.`);
    }
    if (isSurrogate(codePoint)) {
      throw new TokenizerFormatError(`Token ${id} is ${describeCodePoint(codePoint)}, which is no character.`);
    }
    return codePoint;
  });
  const highest = codePoints.reduce((a, b) => Math.max(a, b), -1);
  const idOf = new Int32Array(highest + 1).fill(UNKNOWN);
  for (const [id, codePoint] of codePoints.entries()) {
    if (idOf[codePoint] !== UNKNOWN) {
      throw new TokenizerFormatError(`Tokens ${idOf[codePoint]} and ${id} are both ${describeCodePoint(codePoint)}.`);
    }
    idOf[codePoint] = id;
  }
  return idOf;
}
