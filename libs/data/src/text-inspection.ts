import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

import { InvalidUtf8Error, LooksLikeUtf16Error } from './errors.js';
import { findUtf8Fault, incompleteTailLength, looksLikeUnmarkedUtf16, looksLikeUtf16 } from './utf8.js';

const CODE_POINTS = 0x110000;
const SLICE_BYTES = 1 << 18;
const HEAD_BYTES = 256;

/** What a text is made of. */
export interface TextInspection {
  bytes: number;
  /** Unicode code points, a byte order mark and both halves of CRLF included: nothing is normalized away. */
  characters: number;
  /** How many distinct code points there are. */
  vocabularySize: number;
  /** Each distinct code point once, in code-point order. */
  alphabet: string;
  /** Of the bytes, in hexadecimal. */
  sha256: string;
}

/**
 * Reads a text of any size once, in memory that does not grow with it. Throws {@link InvalidUtf8Error} at the first
 * byte that belongs to no UTF-8 sequence, wherever the chunks were cut, and {@link LooksLikeUtf16Error} for a text whose
 * start is UTF-16 that happens to be well-formed UTF-8.
 */
export async function inspectText(chunks: AsyncIterable<Uint8Array>): Promise<TextInspection> {
  const inspector = new TextInspector();
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
      inspector.add(chunk.subarray(start, start + SLICE_BYTES));
    }
  }
  return inspector.finish();
}

class TextInspector {
  readonly #hash = createHash('sha256');
  readonly #seen = new Uint8Array(CODE_POINTS);
  #bytes = 0;
  #characters = 0;
  /** The first bytes, to tell UTF-16 by. */
  #head: Uint8Array = new Uint8Array(0);
  /** The start of a character whose other bytes are yet to come; counted in `#bytes`. */
  #carry: Uint8Array = new Uint8Array(0);

  add(slice: Uint8Array): void {
    if (this.#bytes < HEAD_BYTES) this.#head = Buffer.concat([this.#head, slice.subarray(0, HEAD_BYTES)]);
    this.#hash.update(slice);
    const unread = this.#carry.length === 0 ? slice : Buffer.concat([this.#carry, slice]);
    const offset = this.#bytes - this.#carry.length;
    const end = unread.length - incompleteTailLength(unread);
    const whole = unread.subarray(0, end);
    if (!isUtf8(whole)) this.#fail(offset + findUtf8Fault(whole), false);
    this.#characters += countCodePoints(whole, this.#seen);
    // A copy, for the caller may reuse its chunk.
    this.#carry = Uint8Array.from(unread.subarray(end));
    this.#bytes += slice.length;
  }

  finish(): TextInspection {
    if (this.#carry.length > 0) this.#fail(this.#bytes - this.#carry.length, true);
    if (looksLikeUnmarkedUtf16(this.#head.subarray(0, HEAD_BYTES))) throw new LooksLikeUtf16Error();
    const alphabet = distinctCharacters(this.#seen);
    return {
      bytes: this.#bytes,
      characters: this.#characters,
      vocabularySize: alphabet.length,
      alphabet: alphabet.join(''),
      sha256: this.#hash.digest('hex'),
    };
  }

  #fail(byteOffset: number, truncated: boolean): never {
    throw new InvalidUtf8Error(byteOffset, { truncated, looksLikeUtf16: looksLikeUtf16(this.#head) });
  }
}

function distinctCharacters(seen: Uint8Array): string[] {
  const characters: string[] = [];
  for (let codePoint = 0; codePoint < CODE_POINTS; codePoint += 1) {
    if (seen[codePoint] === 1) characters.push(String.fromCodePoint(codePoint));
  }
  return characters;
}

/** Counts the code points of well-formed UTF-8 and marks each in `seen`. */
function countCodePoints(bytes: Uint8Array, seen: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count += 1) {
    const lead = bytes[at]!;
    let codePoint = lead;
    if (lead < 0x80) {
      at += 1;
    } else if (lead < 0xe0) {
      codePoint = ((lead & 0x1f) << 6) | (bytes[at + 1]! & 0x3f);
      at += 2;
    } else if (lead < 0xf0) {
      codePoint = ((lead & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
      at += 3;
    } else {
      const upper = ((lead & 0x07) << 18) | ((bytes[at + 1]! & 0x3f) << 12);
      codePoint = upper | ((bytes[at + 2]! & 0x3f) << 6) | (bytes[at + 3]! & 0x3f);
      at += 4;
    }
    seen[codePoint] = 1;
  }
  return count;
}
