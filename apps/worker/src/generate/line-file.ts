import { type FileHandle, open } from 'node:fs/promises';
import { encodeJsonLine, type OutputLine } from '@glyphmill/model/config';

/** How much is gathered before it is written; a line is written whole, however long it is. */
const GATHERED_CHARACTERS = 256 * 1024;

/** A file of output lines that grows line by line. Never more than one line and what is gathered is in memory. */
export class LineFile {
  readonly #file: FileHandle;
  #gathered = '';

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens an empty file at a path, whatever another attempt left there. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'w', 0o600));
  }

  /** Adds a line; resolves when there is room for the next. */
  async add(line: OutputLine): Promise<void> {
    this.#gathered += encodeJsonLine(line);
    if (this.#gathered.length >= GATHERED_CHARACTERS) await this.#flush();
  }

  /** Writes what is left and closes the file. */
  async end(): Promise<void> {
    await this.#flush();
    await this.close();
  }

  /** Closes the file as it is; harmless if it is closed already. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const text = this.#gathered;
    this.#gathered = '';
    await this.#file.appendFile(text);
  }
}
