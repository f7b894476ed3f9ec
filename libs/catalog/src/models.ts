import { type ModelManifest, modelManifest } from '@glyphmill/contract';
import { CharacterTokenizer } from '@glyphmill/data';
import { ArtifactDamagedError, ArtifactNotFoundError, parseDocument, type Storage } from '@glyphmill/storage';
import type { ArtifactKeys } from './artifact-keys.js';
import { Collection } from './collection.js';

const MANIFEST = 'manifest.json';
const TOKENIZER = 'tokenizer.json';
/** Takes milliseconds to parse. The tokenizer of a few ten thousand characters fits. */
const TOKENIZER_BYTES = 2 ** 21;

/** What is known of one file of a model. */
export interface ModelFile {
  path: string;
  sizeBytes: number;
  /** Tells versions of the file apart: its sha256; of the manifest, which cannot hold its own, its size and time. */
  version: string;
}

/** The published models in storage, newest first, as their ids are ULIDs. A model's folder never changes. */
export class Models extends Collection<ModelManifest> {
  constructor(storage: Storage, keys: ArtifactKeys) {
    super(storage, {
      folder: keys.models,
      kind: 'model',
      document: MANIFEST,
      parse: (json) => modelManifest.parse(json),
      order: 'descending',
    });
  }

  /** The files that a model has. */
  async files(id: string): Promise<ModelFile[]> {
    const { files } = await this.get(id);
    const listed = files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, version: sha256 }));
    const manifest = await this.stat(id, MANIFEST);
    if (!manifest) return listed;
    const { sizeBytes, modifiedAt } = manifest;
    const version = `${sizeBytes.toString(16)}-${modifiedAt.getTime().toString(16)}`;
    return [{ path: MANIFEST, sizeBytes, version }, ...listed];
  }

  /**
   * The characters that a model knows, by id; `undefined` if its tokenizer is missing, damaged or very large. Whether the
   * model can be used is for the worker to say, which reads all of it.
   */
  async vocabulary(id: string): Promise<readonly string[] | undefined> {
    const key = this.keyOf(id, TOKENIZER);
    try {
      const bytes = await this.storage.readBytes(key, { maxBytes: TOKENIZER_BYTES });
      return parseDocument(key, bytes, (json) => CharacterTokenizer.fromHuggingFace(json)).vocabulary;
    } catch (error) {
      if (error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError) return undefined;
      throw error;
    }
  }
}
