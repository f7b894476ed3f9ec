import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import {
  encodeLineIndex,
  indexedBytes,
  indexedLines,
  indexRange,
  type Line,
  splitLines,
  TooManyLinesError,
} from './line-index.js';

/** The text in pieces of `size` bytes. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(text: string, size = 4, maxBytes = 100): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of splitLines(pieces(text, size), maxBytes)) lines.push(line);
  return lines;
}

const textOf = ({ bytes }: Line) => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

describe('the lines of a text', () => {
  test.each([1, 2, 3, 5, 100])(
    'the lines of a text are the same however it arrives, here in pieces of %i bytes',
    async (size) => {
      const lines = await linesOf('one\n\nthrée\nfour', size);
      expect(lines.map(textOf)).toEqual(['one', '', 'thrée', 'four']);
      expect(lines.map(({ start, end }) => [start, end])).toEqual([
        [0, 4],
        [4, 5],
        [5, 12],
        [12, 16],
      ]);
    },
  );

  test('the lines of a text end with its last newline', async () => {
    expect((await linesOf('one\ntwo\n')).map(textOf)).toEqual(['one', 'two']);
    expect(await linesOf('')).toEqual([]);
  });

  test('the lines of a text that are too long have their place, and no bytes', async () => {
    const lines = await linesOf('123456\n12345\n1234567', 4, 5);
    expect(lines.map(textOf)).toEqual([undefined, '12345', undefined]);
    expect(lines.map(({ start }) => start)).toEqual([0, 7, 13]);
  });
});

async function indexOf(text: string, { size = 3, maxLines = 1_000_000 } = {}): Promise<Buffer> {
  return await buffer(encodeLineIndex(pieces(text, size), maxLines));
}

/** The bytes of the lines that an index has, one after the other. */
function indexedText(text: string, index: Buffer): string[] {
  return Array.from({ length: indexedLines(index.length) }, (_, line) => {
    const lines = { first: line, end: line + 1 };
    const range = indexRange(lines);
    const bytes = indexedBytes(index.subarray(range.start, range.end + 1), lines);
    return Buffer.from(text)
      .subarray(bytes?.start, bytes && bytes.end + 1)
      .toString();
  });
}

test.each(['a\nbb\n\nccc\n', 'a\nbb\n\nccc'])('an index of %j finds the bytes of any lines', async (text) => {
  const index = await indexOf(text);
  expect(indexedLines(index.length)).toBe(4);
  const linesFrom = (first: number, end: number) => {
    const range = indexRange({ first, end });
    const bytes = indexedBytes(index.subarray(range.start, range.end + 1), { first, end });
    return bytes && text.slice(bytes.start, bytes.end + 1);
  };
  expect(linesFrom(0, 1)).toBe('a\n');
  expect(linesFrom(1, 3)).toBe('bb\n\n');
  expect(linesFrom(3, 4)).toBe(text.slice(6));
  expect(linesFrom(0, 4)).toBe(text);
});

test('an index of more lines than one chunk counts them all', async () => {
  const text = 'x\n'.repeat(10_000);
  const index = await indexOf(text, { size: 999 });
  expect(indexedLines(index.length)).toBe(10_000);
  const lines = { first: 9000, end: 9001 };
  const range = indexRange(lines);
  expect(indexedBytes(index.subarray(range.start, range.end + 1), lines)).toEqual({ start: 18_000, end: 18_001 });
});

test.each([
  ['that is cut short', Buffer.alloc(8)],
  ['of other lines', Buffer.alloc(24)],
  ['whose offsets fall', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])],
  ['of random bytes', Buffer.alloc(16, 0xab)],
])('a part of an index %s points to no bytes', (_, range) => {
  expect(indexedBytes(range, { first: 3, end: 4 })).toBeUndefined();
});

test.each([1, 2, 3, 100])('an index leaves out blank lines at the end, in chunks of %i bytes', async (size) => {
  for (const end of ['', '\n', '\n\n\n', '\n\r\n \t\n', '\n  ']) {
    const text = `"a"\n\n \n"é"${end}`;
    const lines = indexedText(text, await indexOf(text, { size }));
    expect(lines).toEqual(['"a"\n', '\n', ' \n', end === '' ? '"é"' : '"é"\n']);
  }
});

test('an index of one line more than it may have is refused without the rest of the file being read', async () => {
  expect(indexedLines((await indexOf('x\nx\n', { maxLines: 2 })).length)).toBe(2);
  let chunks = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; chunks += 1) yield Buffer.from('x\n');
  }
  await expect(buffer(encodeLineIndex(endless(), 2))).rejects.toThrow(TooManyLinesError);
  expect(chunks).toBe(2);
});

test('blank lines count towards the most that an index may have only if another line follows', async () => {
  const blanks = '\n'.repeat(10_000);
  expect(indexedLines((await indexOf(`x\n${blanks}`, { maxLines: 2, size: 64 })).length)).toBe(1);
  await expect(indexOf(`x\n${blanks}x`, { maxLines: 2, size: 64 })).rejects.toThrow(TooManyLinesError);
  await expect(indexOf('x\n\nx', { maxLines: 2 })).rejects.toThrow(TooManyLinesError);
});
