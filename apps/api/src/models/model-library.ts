import type { Readable } from 'node:stream';
import type { DamagedItem, Page, PageQuery } from '@glyphmill/contract';
import { CharacterTokenizer } from '@glyphmill/data';
import { type ModelManifest, modelManifest } from '@glyphmill/model/config';
import {
  ArtifactDamagedError,
  ArtifactNotFoundError,
  type ByteRange,
  parseDocument,
  readDocument,
  type Storage,
} from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { orDamaged } from '../paging/or-damaged.js';
import { pageOfNames } from '../paging/page-of-names.js';
import { Problem } from '../problem/problem.js';

const FOLDER = 'models';
const MANIFEST = 'manifest.json';
const TOKENIZER = 'tokenizer.json';
/** Takes milliseconds to parse. The tokenizer of a few ten thousand characters fits. */
const TOKENIZER_BYTES = 2 ** 21;

/** What is known of one file of a model; the manifest, which cannot hold its own hash, is known by its size and time. */
export interface ModelFile {
  path: string;
  sizeBytes: number;
  /** Quoted, as in the header. */
  etag: string;
}

/** The published models in storage. A model's folder appears whole and never changes. */
@Injectable()
export class ModelLibrary {
  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  /** The model with this id, or `undefined`. Throws `ArtifactDamagedError` if its manifest is not one of this model. */
  async find(id: string): Promise<ModelManifest | undefined> {
    const folder = `${FOLDER}/${id}`;
    const key = `${folder}/${MANIFEST}`;
    try {
      const manifest = await readDocument(this.storage, key, (json) => modelManifest.parse(json));
      if (manifest.id !== id) throw new ArtifactDamagedError(key, `it is that of the model "${manifest.id}"`);
      return manifest;
    } catch (error) {
      if (!(error instanceof ArtifactNotFoundError)) throw error;
      // A folder vanishes whole, so one that has other files was never a model, or lost its manifest.
      if ((await this.storage.listNames(folder)).length > 0) throw new ArtifactDamagedError(key, 'it is missing');
      return undefined;
    }
  }

  /** Throws the problem `model_not_found`. */
  async get(id: string): Promise<ModelManifest> {
    const found = await this.find(id);
    if (!found) throw this.notFound(id);
    return found;
  }

  /** Newest first, as the ids are ULIDs. */
  async list(query: PageQuery): Promise<Page<ModelManifest | DamagedItem>> {
    const ids = await this.storage.listNames(FOLDER);
    const page = pageOfNames(ids, 'descending', query);
    const found = await Promise.all(page.data.map((id) => orDamaged(id, () => this.find(id))));
    return { data: found.filter((one) => one !== undefined), nextCursor: page.nextCursor };
  }

  /** Whether there is a model with this id, even a damaged one. */
  async has(id: string): Promise<boolean> {
    return (await orDamaged(id, () => this.find(id))) !== undefined;
  }

  /** Throws the problems `model_not_found` and `file_not_found`. */
  async file(id: string, path: string): Promise<ModelFile> {
    const { files } = await this.get(id);
    const listed = files.find((file) => file.path === path);
    if (listed) return { path, sizeBytes: listed.sizeBytes, etag: `"${listed.sha256}"` };
    const manifest = path === MANIFEST ? await this.storage.stat(`${FOLDER}/${id}/${MANIFEST}`) : undefined;
    if (manifest) {
      const { sizeBytes, modifiedAt } = manifest;
      return { path, sizeBytes, etag: `"${sizeBytes.toString(16)}-${modifiedAt.getTime().toString(16)}"` };
    }
    const names = [MANIFEST, ...files.map((file) => file.path)].join(', ');
    throw new Problem('file_not_found', `The model ${id} has no file "${path}". It has ${names}.`);
  }

  /** The bytes of a file that the manifest lists, or a range of them. Throws `ArtifactDamagedError`. */
  async read(id: string, path: string, range?: ByteRange): Promise<Readable> {
    const key = `${FOLDER}/${id}/${path}`;
    try {
      return await this.storage.read(key, range);
    } catch (error) {
      throw error instanceof ArtifactNotFoundError ? new ArtifactDamagedError(key, 'it is missing') : error;
    }
  }

  /**
   * The characters that a model knows, by id; `undefined` if its tokenizer is missing, damaged or very large. Whether the
   * model can be used is for the worker to say, which reads all of it.
   */
  async vocabulary(id: string): Promise<readonly string[] | undefined> {
    const key = `${FOLDER}/${id}/${TOKENIZER}`;
    try {
      const bytes = await this.storage.readBytes(key, { maxBytes: TOKENIZER_BYTES });
      return parseDocument(key, bytes, (json) => CharacterTokenizer.fromHuggingFace(json)).vocabulary;
    } catch (error) {
      if (error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError) return undefined;
      throw error;
    }
  }

  delete(id: string): Promise<void> {
    return this.storage.deleteAll(`${FOLDER}/${id}`);
  }

  notFound(id: string): Problem {
    return new Problem('model_not_found', `There is no model "${id}". GET /api/models lists them.`);
  }
}
