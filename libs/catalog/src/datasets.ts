import { createHash } from 'node:crypto';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Dataset, dataset, MOBY_DICK } from '@glyphmill/contract';
import { EmptyTextError, inspectText, type TextInspection } from '@glyphmill/data';
import { ArtifactDamagedError, ArtifactNotFoundError, type ByteRange, type Storage } from '@glyphmill/storage';
import type { ArtifactKeys } from './artifact-keys.js';
import { Collection } from './collection.js';
import { orDamaged } from './or-damaged.js';

const CONTENT = 'content';
const METADATA = 'dataset.json';
/** Each distinct character of the text once, in UTF-8. Datasets of earlier versions have none. */
const ALPHABET = 'alphabet';
/** More than all of Unicode takes. */
const ALPHABET_BYTES = 5 * 2 ** 20;

/**
 * The datasets in storage: a folder each, with the text as it came and what is known of it. A folder is published
 * whole, first wins, under an id made of the text's sha256: the same bytes sent twice, or at once, are one dataset.
 */
export class Datasets extends Collection<Dataset> {
  constructor(
    storage: Storage,
    private readonly keys: ArtifactKeys,
  ) {
    super(storage, {
      folder: keys.datasets,
      kind: 'dataset',
      document: METADATA,
      parse: (json) => dataset.parse(json),
      order: 'ascending',
    });
  }

  /**
   * Stores a text of any size while it arrives; memory does not grow with it. `id` is for what is built in.
   * A damaged dataset of the same text is replaced. Throws `EmptyTextError`, `InvalidUtf8Error`, and whatever `chunks`
   * throws; then nothing is kept.
   */
  async add(name: string, chunks: AsyncIterable<Uint8Array>, id?: string): Promise<Dataset> {
    const staged = await this.storage.stage();
    try {
      const { alphabet, ...text } = await inspectWhileWriting(join(staged.path, CONTENT), chunks);
      if (text.bytes === 0) throw new EmptyTextError();
      const added: Dataset = { id: id ?? (await this.idOf(text)), name, ...text, createdAt: new Date().toISOString() };
      await writeFile(join(staged.path, METADATA), JSON.stringify(added));
      await writeFile(join(staged.path, ALPHABET), alphabet);
      if ((await this.has(added.id)) && !(await this.isWhole(added.id))) await this.delete(added.id);
      const first = await this.publish(added.id, staged);
      return first ? added : await this.get(added.id);
    } finally {
      await staged.discard();
    }
  }

  /** Whether there is a dataset with this id, with a description and as many bytes as that says. */
  async isWhole(id: string): Promise<boolean> {
    const described = await orDamaged(id, () => this.find(id));
    const content = await orDamaged(id, () => this.stat(id, CONTENT));
    if (described === undefined || 'error' in described || content === undefined || 'error' in content) return false;
    return content.sizeBytes === described.bytes;
  }

  /** The text's bytes, or a range of them. Throws `ArtifactDamagedError` if they are missing, or no file. */
  async content(id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return await this.read(id, CONTENT, range, signal);
  }

  /**
   * Whether a dataset's bytes are those that were uploaded. Throws `ArtifactDamagedError` if they are missing, or no
   * file, and the signal's reason.
   */
  async isIntact({ id, bytes, sha256 }: Dataset, signal?: AbortSignal): Promise<boolean> {
    const found = await this.stat(id, CONTENT);
    // A text of another size need not be read to know that it is another one.
    if (found && found.sizeBytes !== bytes) return false;
    const hash = createHash('sha256');
    await pipeline(await this.content(id, undefined, signal), hash);
    return hash.digest('hex') === sha256;
  }

  /** Each distinct character of the text once; `undefined` if that was not kept, as by earlier versions. */
  async alphabet(id: string): Promise<string | undefined> {
    try {
      return (await this.storage.readBytes(this.keyOf(id, ALPHABET), { maxBytes: ALPHABET_BYTES })).toString();
    } catch (error) {
      if (error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError) return undefined;
      throw error;
    }
  }

  /** Removes the dataset, and what was found of it as a file of prompts. */
  override async delete(id: string): Promise<void> {
    await super.delete(id);
    await this.storage.delete(this.keys.promptIndex(id));
  }

  /** 26 of 64 hexadecimal digits: 104 bits, so that two texts never meet by chance. */
  private async idOf({ sha256 }: Pick<TextInspection, 'sha256'>): Promise<string> {
    const builtIn = await orDamaged(MOBY_DICK, () => this.find(MOBY_DICK));
    return builtIn !== undefined && 'sha256' in builtIn && builtIn.sha256 === sha256
      ? MOBY_DICK
      : `dataset_${sha256.slice(0, 26)}`;
  }
}

async function inspectWhileWriting(path: string, chunks: AsyncIterable<Uint8Array>): Promise<TextInspection> {
  const file = await open(path, 'wx');
  try {
    return await inspectText(writing(file, chunks));
  } finally {
    await file.close();
  }
}

async function* writing(file: FileHandle, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await file.appendFile(chunk);
    yield chunk;
  }
}
