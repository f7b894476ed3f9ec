import type { Readable } from 'node:stream';
import { type ModelManifest, modelManifest } from '@glyphmill/model/config';
import { ArtifactNotFoundError, type ByteRange, type Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { type Page, type PageQuery, pageOfNames } from '../paging/page.js';
import { Problem } from '../problem/problem.js';

const FOLDER = 'models';
const MANIFEST = 'manifest.json';

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

  /** The model with this id, or `undefined`. */
  async find(id: string): Promise<ModelManifest | undefined> {
    try {
      const manifest = await this.storage.readBytes(`${FOLDER}/${id}/${MANIFEST}`);
      return modelManifest.parse(JSON.parse(manifest.toString()));
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return undefined;
      throw error;
    }
  }

  /** Throws the problem `model_not_found`. */
  async get(id: string): Promise<ModelManifest> {
    const found = await this.find(id);
    if (!found) throw new Problem('model_not_found', `There is no model "${id}". GET /api/models lists them.`);
    return found;
  }

  /** Newest first, as the ids are ULIDs. */
  async list(query: PageQuery): Promise<Page<ModelManifest>> {
    const ids = await this.storage.listNames(FOLDER);
    const page = pageOfNames(ids, 'descending', query);
    const found = await Promise.all(page.data.map((id) => this.find(id)));
    return { data: found.filter((one) => one !== undefined), nextCursor: page.nextCursor };
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

  /** The bytes of a file, or a range of them. */
  read(id: string, path: string, range?: ByteRange): Promise<Readable> {
    return this.storage.read(`${FOLDER}/${id}/${path}`, range);
  }

  delete(id: string): Promise<void> {
    return this.storage.deleteAll(`${FOLDER}/${id}`);
  }
}
