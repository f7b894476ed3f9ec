import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EmptyTextError, inspectText, type TextInspection } from '@glyphmill/data';
import { promptIndexKey } from '@glyphmill/jobs';
import { ArtifactNotFoundError, type ByteRange, type Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { type Page, type PageQuery, pageOfNames } from '../paging/page.js';
import { Problem } from '../problem/problem.js';
import { type Dataset, dataset, MOBY_DICK } from './dataset.js';

const FOLDER = 'datasets';
const CONTENT = 'content';
const METADATA = 'dataset.json';

/**
 * The datasets in storage: a folder each, with the text as it came and what is known of it. A folder is published
 * whole, first wins, under an id made of the text's sha256: the same bytes sent twice, or at once, are one dataset.
 */
@Injectable()
export class DatasetLibrary {
  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  /**
   * Stores a text of any size while it arrives; memory does not grow with it. `id` is for what is built in.
   * Throws `EmptyTextError`, `InvalidUtf8Error`, and whatever `chunks` throws; then nothing is kept.
   */
  async add(name: string, chunks: AsyncIterable<Uint8Array>, id?: string): Promise<Dataset> {
    const staged = await this.storage.stage();
    try {
      const text = await inspectWhileWriting(join(staged.path, CONTENT), chunks);
      if (text.bytes === 0) throw new EmptyTextError();
      const added: Dataset = { id: id ?? (await this.idOf(text)), name, ...text, createdAt: new Date().toISOString() };
      await writeFile(join(staged.path, METADATA), JSON.stringify(added));
      const first = await staged.publish(`${FOLDER}/${added.id}`);
      return first ? added : await this.get(added.id);
    } finally {
      await staged.discard();
    }
  }

  /** The dataset with this id, or `undefined`. */
  async find(id: string): Promise<Dataset | undefined> {
    try {
      const metadata = await this.storage.readBytes(`${FOLDER}/${id}/${METADATA}`);
      return dataset.parse(JSON.parse(metadata.toString()));
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return undefined;
      throw error;
    }
  }

  /** Throws the problem `dataset_not_found`. */
  async get(id: string): Promise<Dataset> {
    const found = await this.find(id);
    if (!found) throw new Problem('dataset_not_found', `There is no dataset "${id}". GET /api/datasets lists them.`);
    return found;
  }

  async list(query: PageQuery): Promise<Page<Dataset>> {
    const ids = await this.storage.listNames(FOLDER);
    const page = pageOfNames(ids, 'ascending', query);
    const found = await Promise.all(page.data.map((id) => this.find(id)));
    return { data: found.filter((one) => one !== undefined), nextCursor: page.nextCursor };
  }

  /** The text's bytes, or a range of them. */
  content(id: string, range?: ByteRange): Promise<Readable> {
    return this.storage.read(`${FOLDER}/${id}/${CONTENT}`, range);
  }

  /** Removes the dataset, and what was found of it as a file of prompts. */
  async delete(id: string): Promise<void> {
    await this.storage.deleteAll(`${FOLDER}/${id}`);
    await this.storage.delete(promptIndexKey(id));
  }

  /** 26 of 64 hexadecimal digits: 104 bits, so that two texts never meet by chance. */
  private async idOf({ sha256 }: TextInspection): Promise<string> {
    const builtIn = await this.find(MOBY_DICK);
    return builtIn?.sha256 === sha256 ? MOBY_DICK : `dataset_${sha256.slice(0, 26)}`;
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
