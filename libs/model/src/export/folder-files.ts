import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelManifest } from '../config/index.js';

/** Writes the files of a new folder, and keeps what its manifest says of them. */
export class FolderFiles {
  readonly written: ModelManifest['files'] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `file` is relative, with slashes. A file that is already there is an error (`EEXIST`). */
  async write(file: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const target = path.join(this.#folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
    this.written.push({
      path: file,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }

  async writeJson(file: string, value: object): Promise<void> {
    await this.write(file, `${JSON.stringify(value, null, 2)}\n`);
  }
}
