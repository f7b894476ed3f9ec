const NEWLINE = 0x0a;

const OFFSET_BYTES = 8;

/** How many offsets are gathered before they are handed on. */
const BATCH_OFFSETS = 4096;

/** A line of a file, without its newline. */
export interface Line {
  /** The byte in the file, or the part of it that was read, at which the line starts. */
  start: number;
  /** The first byte after the line and its newline. */
  end: number;
  /** The line's bytes; `undefined` where it is longer than was asked for. */
  bytes: Uint8Array | undefined;
}

/**
 * The lines of a text as it arrives. No more than one line and one chunk are ever held, and of a line longer than
 * `maxBytes` nothing. A newline at the very end starts no further line.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let start = 0;
  let length = 0;
  let parts: Uint8Array[] = [];
  const keep = (part: Uint8Array) => {
    length += part.length;
    if (length > maxBytes) parts = [];
    else parts.push(part);
  };
  const line = (newlineBytes: number): Line => {
    const bytes = length > maxBytes ? undefined : Buffer.concat(parts);
    const found = { start, end: start + length + newlineBytes, bytes };
    [start, length, parts] = [found.end, 0, []];
    return found;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, at));
      yield line(1);
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield line(0);
}

/** The index of a file of lines: where each starts and where the last ends, as little-endian 64-bit whole numbers. */
export async function* encodeLineIndex(lines: AsyncIterable<Line>): AsyncGenerator<Buffer> {
  let end = 0;
  let batch: number[] = [];
  for await (const line of lines) {
    batch.push(line.start);
    end = line.end;
    if (batch.length < BATCH_OFFSETS) continue;
    yield encode(batch);
    batch = [];
  }
  yield encode([...batch, end]);
}

/** How many lines an index of this size is of. */
export function indexedLines(indexBytes: number): number {
  return indexBytes / OFFSET_BYTES - 1;
}

/** The bytes of an index that say where the lines from `first` up to `end` are; both ends included, as in a range of HTTP. */
export function indexRange({ first, end }: { first: number; end: number }): { start: number; end: number } {
  return { start: first * OFFSET_BYTES, end: (end + 1) * OFFSET_BYTES - 1 };
}

/** The bytes of the file that an {@link indexRange} points to; both ends included. */
export function indexedBytes(range: Buffer): { start: number; end: number } {
  return {
    start: Number(range.readBigUInt64LE(0)),
    end: Number(range.readBigUInt64LE(range.length - OFFSET_BYTES)) - 1,
  };
}

function encode(offsets: number[]): Buffer {
  const bytes = Buffer.alloc(offsets.length * OFFSET_BYTES);
  for (const [place, offset] of offsets.entries()) bytes.writeBigUInt64LE(BigInt(offset), place * OFFSET_BYTES);
  return bytes;
}
