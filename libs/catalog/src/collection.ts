import type { Readable } from 'node:stream';
import type { DamagedItem, Page, PageQuery } from '@glyphmill/contract';
import {
  ArtifactDamagedError,
  type ArtifactInfo,
  ArtifactNotFoundError,
  type ByteRange,
  type LocalFolder,
  readDocument,
  type StagedFolder,
  type Storage,
} from '@glyphmill/storage';
import { orDamaged } from './or-damaged.js';
import { pageOfNames } from './page-of-names.js';

/** `not_in_catalog`: a collection has no item with this id. */
export class NotInCatalogError extends ArtifactNotFoundError {
  constructor(
    /** What the collection is of, as in `dataset`. */
    readonly kind: string,
    readonly id: string,
    key: string,
  ) {
    super(key);
  }
}

interface CollectionOptions<Item> {
  /** The key of the folder that holds the items' folders. */
  folder: string;
  /** What an item is called, as in `dataset`. */
  kind: string;
  /** The name of the JSON document in an item's folder that describes it. */
  document: string;
  /** Parses the document. Throws what is wrong with it. */
  parse: (json: unknown) => Item;
  /** The order of lists, by id. */
  order: 'ascending' | 'descending';
}

/**
 * A list of folders in storage, each named by its id and described by a JSON document in it. An item's folder appears
 * whole and vanishes whole. A damaged one is marked in lists, and can be deleted.
 */
export class Collection<Item extends { id: string }> {
  readonly #options: CollectionOptions<Item>;

  constructor(
    protected readonly storage: Storage,
    options: CollectionOptions<Item>,
  ) {
    this.#options = options;
  }

  /** The key of an item's folder, or of a file in it. */
  protected keyOf(id: string, file?: string): string {
    const folder = `${this.#options.folder}/${id}`;
    return file === undefined ? folder : `${folder}/${file}`;
  }

  /**
   * The item with this id, or `undefined`. Throws `ArtifactDamagedError` if its document is not its own, and the
   * signal's reason.
   */
  async find(id: string, signal?: AbortSignal): Promise<Item | undefined> {
    const { kind, document, parse } = this.#options;
    const key = this.keyOf(id, document);
    try {
      const item = await readDocument(this.storage, key, parse, { signal });
      if (item.id !== id) throw new ArtifactDamagedError(key, `it is that of the ${kind} "${item.id}"`);
      return item;
    } catch (error) {
      if (!(error instanceof ArtifactNotFoundError)) throw error;
      // A folder vanishes whole, so one that has other files was never an item, or lost its document.
      if ((await this.storage.listNames(this.keyOf(id))).length > 0) {
        throw new ArtifactDamagedError(key, 'it is missing');
      }
      return undefined;
    }
  }

  /** The item with this id. Throws {@link NotInCatalogError} beside what {@link Collection.find} throws. */
  async get(id: string, signal?: AbortSignal): Promise<Item> {
    const item = await this.find(id, signal);
    if (!item) throw new NotInCatalogError(this.#options.kind, id, this.keyOf(id, this.#options.document));
    return item;
  }

  /** Whether an item with this id exists, even a damaged one. */
  async has(id: string): Promise<boolean> {
    return (await orDamaged(id, () => this.find(id))) !== undefined;
  }

  /** The ids of all items, sorted. */
  async ids(): Promise<string[]> {
    return await this.storage.listNames(this.#options.folder);
  }

  /** A page of the items. */
  async list(query: PageQuery): Promise<Page<Item | DamagedItem>> {
    const page = pageOfNames(await this.ids(), this.#options.order, query);
    const found = await Promise.all(page.data.map((id) => orDamaged(id, () => this.find(id))));
    return { data: found.filter((one) => one !== undefined), nextCursor: page.nextCursor };
  }

  /**
   * The bytes of a file that an existing item must have, or a range of them.
   * Throws `ArtifactDamagedError`, even if the file is missing, and the signal's reason.
   */
  async read(id: string, file: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const key = this.keyOf(id, file);
    try {
      return await this.storage.read(key, range, signal);
    } catch (error) {
      throw error instanceof ArtifactNotFoundError ? new ArtifactDamagedError(key, 'it is missing') : error;
    }
  }

  /** What storage knows of a file of an item, or `undefined`. */
  async stat(id: string, file: string): Promise<ArtifactInfo | undefined> {
    return await this.storage.stat(this.keyOf(id, file));
  }

  /** The item's files in a folder on this machine, until it is released. Throws `ArtifactNotFoundError`. */
  async localFolder(id: string): Promise<LocalFolder> {
    return await this.storage.localFolder(this.keyOf(id));
  }

  /** Makes a staged folder the item with this id, unless one exists. Returns whether it is this one now. */
  async publish(id: string, staged: StagedFolder): Promise<boolean> {
    return await staged.publish(this.keyOf(id));
  }

  /** Removes the item; harmless if there is none. */
  async delete(id: string): Promise<void> {
    await this.storage.deleteAll(this.keyOf(id));
  }
}
