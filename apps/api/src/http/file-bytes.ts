import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ByteRange } from '@glyphmill/storage';

/** A stored file of which the size is known, or one of several that are sent as one. */
export interface FilePart {
  /** What it is called in errors. */
  name: string;
  sizeBytes: number;
  open(range: ByteRange): Promise<Readable>;
}

/** `file_too_short`: a stored file ends before the size that is recorded of it, and was promised to a client. */
export class FileTooShortError extends Error {
  override readonly name = 'FileTooShortError';
  readonly code = 'file_too_short';

  constructor(file: string, missingBytes: number) {
    super(
      `"${file}" ends ${missingBytes} bytes before its recorded size. Restore it from a backup, or delete what it is of.`,
    );
  }
}

interface Piece {
  part: FilePart;
  range: ByteRange;
}

interface OpenPiece extends Piece {
  source: Readable;
}

/**
 * The bytes of files one after the other, exactly as many as their sizes say. At most one file is open, and none after
 * the stream is destroyed, whether it was read or not and whatever the storage does at that moment. A file that is
 * shorter destroys the stream with {@link FileTooShortError}; of a longer one the rest is left out.
 */
export class FileBytes extends Readable {
  readonly #pieces: Piece[];
  /** The file that is open, or was last. */
  #source: Readable | undefined;

  private constructor(pieces: Piece[]) {
    super();
    this.#pieces = pieces;
  }

  /** The bytes of a range of all the files' bytes. Throws what opening the first file throws. */
  static async open(parts: readonly FilePart[], range: ByteRange): Promise<FileBytes> {
    const bytes = new FileBytes(piecesOf(parts, range));
    void bytes.#passAll(await bytes.#openNext());
    return bytes;
  }

  override _read(): void {
    this.#source?.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source?.destroy();
    callback(error);
  }

  async #openNext(): Promise<OpenPiece | undefined> {
    const piece = this.#pieces.shift();
    if (!piece) return undefined;
    const source = await piece.part.open(piece.range);
    this.#source = source;
    if (!this.destroyed) return { ...piece, source };
    source.destroy();
    return undefined;
  }

  async #passAll(first: OpenPiece | undefined): Promise<void> {
    try {
      for (let piece = first; piece; piece = await this.#openNext()) await this.#pass(piece);
      if (!this.destroyed) this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** Passes the bytes of the open file on at the pace at which they are taken. */
  async #pass({ part, range, source }: OpenPiece): Promise<void> {
    let missingBytes = range.end - range.start + 1;
    source.on('data', (chunk: Buffer) => {
      missingBytes -= chunk.length;
      if (!this.push(chunk)) source.pause();
    });
    await finished(source, { writable: false });
    if (missingBytes > 0) throw new FileTooShortError(part.name, missingBytes);
  }
}

function piecesOf(parts: readonly FilePart[], { start, end }: ByteRange): Piece[] {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const part of parts) {
    const first = Math.max(start - offset, 0);
    const last = Math.min(end - offset, part.sizeBytes - 1);
    if (first <= last) pieces.push({ part, range: { start: first, end: last } });
    offset += part.sizeBytes;
  }
  return pieces;
}
