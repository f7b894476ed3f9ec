const NEWLINE = 0x0a;

/** Space, tab, carriage return. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);

const OFFSET_BYTES = 8;

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

/** A file has more lines than its index may hold; how many more is not known. */
export class TooManyLinesError extends Error {
  readonly code = 'too_many_lines';

  constructor(readonly limit: number) {
    super(`the file has more than ${limit} lines`);
  }
}

/**
 * The index of a file of lines: where each starts and where the last ends, as little-endian 64-bit whole numbers. Blank
 * lines at the end, as editors leave them, are not in it. Throws {@link TooManyLinesError} as soon as there are more
 * than `maxLines`, so that no more than their offsets are ever held, and returns to its caller between two chunks.
 */
export async function* encodeLineIndex(chunks: AsyncIterable<Uint8Array>, maxLines: number): AsyncGenerator<Buffer> {
  const scan = new LineScan(maxLines);
  for await (const chunk of chunks) {
    scan.add(chunk);
    const offsets = scan.takeOffsets();
    if (offsets.length > 0) yield encode(offsets);
  }
  yield encode([scan.end]);
}

/** Finds where the lines of a file start and end, a chunk at a time. */
class LineScan {
  readonly #maxLines: number;
  /** Starts of lines that are known to count, and were not taken yet. */
  #starts: number[] = [];
  #counted = 0;
  /** Starts of blank lines after them, which count only if another line follows; no more than may count are held. */
  #blankStarts: number[] = [];
  /** Where the line under way starts. */
  #start = 0;
  /** Whether nothing but blanks of it was seen. */
  #isBlank = true;
  #position = 0;
  #end = 0;

  constructor(maxLines: number) {
    this.#maxLines = maxLines;
  }

  /** The first byte after the last line that counts, and its newline. */
  get end(): number {
    return this.#end;
  }

  add(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      // Many lines may be empty: a search is a call that each of them can be spared.
      const newline = chunk[from] === NEWLINE ? from : chunk.indexOf(NEWLINE, from);
      const end = newline === -1 ? chunk.length : newline;
      if (this.#isBlank && !isBlank(chunk, from, end)) this.#count();
      from = newline === -1 ? end : end + 1;
      if (!this.#isBlank) this.#end = this.#position + from;
      if (newline !== -1) this.#endLine(this.#position + from);
    }
    this.#position += chunk.length;
  }

  /** The starts that were found since they were last taken. */
  takeOffsets(): number[] {
    const starts = this.#starts;
    this.#starts = [];
    return starts;
  }

  /** The line under way is not blank: it counts, with the blank ones before it. */
  #count(): void {
    this.#isBlank = false;
    this.#counted += this.#blankStarts.length + 1;
    if (this.#counted > this.#maxLines) throw new TooManyLinesError(this.#maxLines);
    for (const start of this.#blankStarts) this.#starts.push(start);
    this.#starts.push(this.#start);
    this.#blankStarts = [];
  }

  #endLine(next: number): void {
    if (this.#isBlank && this.#blankStarts.length <= this.#maxLines) this.#blankStarts.push(this.#start);
    this.#start = next;
    this.#isBlank = true;
  }
}

/** Whether bytes are none, or spaces, tabs and carriage returns only. */
function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (!BLANKS.has(bytes[at]!)) return false;
  return true;
}

/** Whether an index may have this size: that of a line at least, and of whole offsets. */
export function isIndexSize(indexBytes: number): boolean {
  return indexBytes >= 2 * OFFSET_BYTES && indexBytes % OFFSET_BYTES === 0;
}

/** How many lines an index of this size is of. */
export function indexedLines(indexBytes: number): number {
  return indexBytes / OFFSET_BYTES - 1;
}

/** The bytes of an index that say where the lines from `first` up to `end` are; both ends included, as in a range of HTTP. */
export function indexRange({ first, end }: { first: number; end: number }): { start: number; end: number } {
  return { start: first * OFFSET_BYTES, end: (end + 1) * OFFSET_BYTES - 1 };
}

/**
 * The bytes of the file that an {@link indexRange} of these lines points to; both ends included. `undefined` if it is no
 * such range of an index.
 */
export function indexedBytes(
  range: Buffer,
  lines: { first: number; end: number },
): { start: number; end: number } | undefined {
  const { start, end } = indexRange(lines);
  if (range.length !== end - start + 1) return undefined;
  const first = Number(range.readBigUInt64LE(0));
  const last = Number(range.readBigUInt64LE(range.length - OFFSET_BYTES)) - 1;
  return Number.isSafeInteger(last) && first <= last ? { start: first, end: last } : undefined;
}

function encode(offsets: number[]): Buffer {
  const bytes = Buffer.alloc(offsets.length * OFFSET_BYTES);
  for (const [place, offset] of offsets.entries()) bytes.writeBigUInt64LE(BigInt(offset), place * OFFSET_BYTES);
  return bytes;
}
