import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type DamagedItem, type Dataset, dataset, MOBY_DICK, type Page, type PageQuery } from '@glyphmill/contract';
import { EmptyTextError, inspectText, type TextInspection } from '@glyphmill/data';
import { promptIndexKey } from '@glyphmill/jobs';
import {
  ArtifactDamagedError,
  ArtifactNotFoundError,
  type ByteRange,
  readDocument,
  type Storage,
} from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { orDamaged } from '../paging/or-damaged.js';
import { pageOfNames } from '../paging/page-of-names.js';
import { Problem } from '../problem/problem.js';

const FOLDER = 'datasets';
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
@Injectable()
export class DatasetLibrary {
  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  /**
   * Stores a text of any size while it arrives; memory does not grow with it. `id` is for what is built in.
   * A damaged dataset of the same text is replaced. Throws `EmptyTextError`, `InvalidUtf8Error`, and whatever `chunks` throws; then nothing is kept.
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
      const first = await staged.publish(`${FOLDER}/${added.id}`);
      return first ? added : await this.get(added.id);
    } finally {
      await staged.discard();
    }
  }

  /** The dataset with this id, or `undefined`. Throws `ArtifactDamagedError` if its description is not its own. */
  async find(id: string): Promise<Dataset | undefined> {
    const folder = `${FOLDER}/${id}`;
    const key = `${folder}/${METADATA}`;
    try {
      const found = await readDocument(this.storage, key, (json) => dataset.parse(json));
      if (found.id !== id) throw new ArtifactDamagedError(key, `it is that of the dataset "${found.id}"`);
      return found;
    } catch (error) {
      if (!(error instanceof ArtifactNotFoundError)) throw error;
      // A folder vanishes whole, so one that has other files was never a dataset, or lost its description.
      if ((await this.storage.listNames(folder)).length > 0) throw new ArtifactDamagedError(key, 'it is missing');
      return undefined;
    }
  }

  /** Whether there is a dataset with this id, even a damaged one. */
  async has(id: string): Promise<boolean> {
    return (await orDamaged(id, () => this.find(id))) !== undefined;
  }

  /** Whether there is a dataset with this id, with a description and as many bytes as that says. */
  async isWhole(id: string): Promise<boolean> {
    const described = await orDamaged(id, () => this.find(id));
    const content = await orDamaged(id, () => this.storage.stat(`${FOLDER}/${id}/${CONTENT}`));
    if (described === undefined || 'error' in described || content === undefined || 'error' in content) return false;
    return content.sizeBytes === described.bytes;
  }

  /** Throws the problem `dataset_not_found`. */
  async get(id: string): Promise<Dataset> {
    const found = await this.find(id);
    if (!found) throw this.notFound(id);
    return found;
  }

  notFound(id: string): Problem {
    return new Problem('dataset_not_found', `There is no dataset "${id}". GET /api/datasets lists them.`);
  }

  async list(query: PageQuery): Promise<Page<Dataset | DamagedItem>> {
    const ids = await this.storage.listNames(FOLDER);
    const page = pageOfNames(ids, 'ascending', query);
    const found = await Promise.all(page.data.map((id) => orDamaged(id, () => this.find(id))));
    return { data: found.filter((one) => one !== undefined), nextCursor: page.nextCursor };
  }

  /** The text's bytes, or a range of them. Throws `ArtifactDamagedError` if they are missing, or no file. */
  async content(id: string, range?: ByteRange): Promise<Readable> {
    const key = `${FOLDER}/${id}/${CONTENT}`;
    try {
      return await this.storage.read(key, range);
    } catch (error) {
      throw error instanceof ArtifactNotFoundError ? new ArtifactDamagedError(key, 'it is missing') : error;
    }
  }

  /** Each distinct character of the text once; `undefined` if that was not kept, as by earlier versions. */
  async alphabet(id: string): Promise<string | undefined> {
    try {
      return (await this.storage.readBytes(`${FOLDER}/${id}/${ALPHABET}`, { maxBytes: ALPHABET_BYTES })).toString();
    } catch (error) {
      if (error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError) return undefined;
      throw error;
    }
  }

  /** Removes the dataset, and what was found of it as a file of prompts. */
  async delete(id: string): Promise<void> {
    await this.storage.deleteAll(`${FOLDER}/${id}`);
    await this.storage.delete(promptIndexKey(id));
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
