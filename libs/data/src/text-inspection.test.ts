import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { inspectText, InvalidUtf8Error, type TextInspection } from './index.js';

/** Every sequence form of UTF-8, right and wrong: leads, continuations, overlong starts, surrogates, beyond U+10FFFF. */
const byteNearUtf8 = fc.constantFrom(
  0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5,
  0xff,
);
const nearlyUtf8 = fc.array(byteNearUtf8, { maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const chunkSizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 });

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  // One buffer for all chunks: a reader must not keep a view of it.
  const reused = Buffer.alloc(bytes.length);
  for (const size of [...sizes, bytes.length]) {
    const chunk = bytes.subarray(start, start + size);
    reused.set(chunk);
    yield reused.subarray(0, chunk.length);
    start += chunk.length;
  }
}

async function faultOf(bytes: Uint8Array, sizes: readonly number[] = []): Promise<InvalidUtf8Error | undefined> {
  try {
    await inspectText(cut(bytes, sizes));
    return undefined;
  } catch (error) {
    if (error instanceof InvalidUtf8Error) return error;
    throw error;
  }
}

function inspectSimply(bytes: Buffer): TextInspection {
  const characters = Array.from(bytes.toString('utf8'));
  return {
    bytes: bytes.length,
    characters: characters.length,
    vocabularySize: new Set(characters).size,
    alphabet: [...new Set(characters)].sort((one, other) => one.codePointAt(0)! - other.codePointAt(0)!).join(''),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** The length of the longest beginning that is well-formed, where that is not all. */
function firstFaultSimply(bytes: Buffer): number | undefined {
  let length = bytes.length;
  while (!isUtf8(bytes.subarray(0, length))) length -= 1;
  return length === bytes.length ? undefined : length;
}

describe('a well-formed text', () => {
  test('a well-formed text is measured in bytes, code points and distinct code points', async () => {
    expect(await inspectText(cut(Buffer.from('aé\u{1F600}a'), []))).toEqual({
      bytes: 8,
      characters: 4,
      vocabularySize: 3,
      alphabet: 'aé\u{1F600}',
      sha256: createHash('sha256').update('aé\u{1F600}a').digest('hex'),
    });
  });

  test('a well-formed text is measured alike however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), chunkSizes, async (text, sizes) => {
        const bytes = Buffer.from(text);
        expect(await inspectText(cut(bytes, sizes))).toEqual(inspectSimply(bytes));
      }),
    );
  });

  test('a well-formed text of one chunk larger than a slice is measured whole', async () => {
    const bytes = Buffer.from('x€'.repeat(200_000));
    expect(await inspectText(cut(bytes, []))).toEqual(inspectSimply(bytes));
  });

  test('a well-formed text may be empty', async () => {
    expect(await inspectText(cut(Buffer.alloc(0), []))).toMatchObject({ bytes: 0, characters: 0, vocabularySize: 0 });
  });

  test('a well-formed text keeps its byte order mark and line ends as characters', async () => {
    expect(await inspectText(cut(Buffer.from('\uFEFFa\r\nb\n'), []))).toMatchObject({
      characters: 6,
      vocabularySize: 5,
    });
  });
});

describe('an ill-formed text', () => {
  test('an ill-formed text is refused at its first fault however it is cut, and no well-formed one is', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyUtf8, chunkSizes, async (bytes, sizes) => {
        const fault = await faultOf(bytes, sizes);
        expect(fault?.byteOffset).toBe(firstFaultSimply(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['a stray continuation', [0x61, 0x80], 1],
    ['an overlong slash', [0x61, 0x62, 0xc0, 0xaf], 2],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 1],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a sequence cut short in the middle', [0xe2, 0x82, 0x61], 0],
  ])('an ill-formed text with %s is refused where that starts', async (_, bytes, byteOffset) => {
    expect(await faultOf(Uint8Array.from(bytes))).toMatchObject({ code: 'invalid_utf8', byteOffset });
  });

  test('far into a large text is refused by its place in the whole', async () => {
    const bytes = Buffer.concat([Buffer.from('x€'.repeat(200_000)), Buffer.from([0xff])]);
    expect(await faultOf(bytes, [99_999, 300_000])).toMatchObject({ byteOffset: 800_000 });
  });

  test('an ill-formed text that ends within a character says so', async () => {
    expect(await faultOf(Buffer.from([0x61, 0xe2, 0x82]))).toMatchObject({
      byteOffset: 1,
      message: expect.stringContaining('not valid UTF-8 at byte 1: it ends in the middle of a character'),
    });
  });

  test.each([
    ['a byte order mark', Buffer.from('\uFEFFmöbius', 'utf16le')],
    ['zeros between its letters', Buffer.from('plain möbius', 'utf16le')],
  ])('an ill-formed text that has %s is said to look like UTF-16', async (_, bytes) => {
    expect(await faultOf(bytes, [1, 1])).toMatchObject({ message: expect.stringContaining('look like UTF-16') });
  });

  test('an ill-formed text in Latin-1 is not said to look like UTF-16', async () => {
    expect(await faultOf(Buffer.from('plain möbius', 'latin1'))).toMatchObject({
      byteOffset: 7,
      message: expect.stringContaining('Latin-1'),
    });
  });
});

describe('UTF-16 without a byte order mark', () => {
  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();

  test.each(['Call me', 'Call me Ishmael.\n'.repeat(100), 'Зовите меня Измаил.', 'a\nb\n'])('UTF-16 without a byte order mark is refused: %j', async (text) => {
    for (const bytes of [Buffer.from(text, 'utf16le'), swapped(text)]) {
      await expect(inspectText(cut(bytes, [1, 2, 3]))).rejects.toMatchObject({
        code: 'looks_like_utf16',
        message: expect.stringContaining('iconv -f UTF-16LE -t UTF-8'),
      });
    }
  });

  test.each(['\0', '\0\0\0\0', 'a\0bc', 'a\tb\tc\td\t', '1\n2\n3\n4\n', '\0\u0001\u0002\u0003'])(
    'UTF-16 without a byte order mark is not seen in %j',
    async (text) => {
      const bytes = Buffer.from(text);
      expect((await inspectText(cut(bytes, [1, 2, 3]))).bytes).toBe(bytes.length);
    },
  );
});
