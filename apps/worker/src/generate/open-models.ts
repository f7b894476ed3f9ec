/** What is kept open: something with a size that can be closed. */
interface Openable {
  readonly sizeBytes: number;
  close(): Promise<void>;
}

interface Entry<Model> {
  model: Promise<Model>;
  /** How many uses are under way; it is not closed before they end. */
  uses: number;
}

/**
 * Keeps models open between their uses, as long as they fit: beyond `maxBytes` the ones that were not used for longest are
 * closed, but never one in use. A model may be used by several at once.
 */
export class OpenModels<Model extends Openable> {
  readonly #open: (folder: string) => Promise<Model>;
  readonly #maxBytes: number;
  /** In the order of their latest use. */
  readonly #entries = new Map<string, Entry<Model>>();

  constructor(open: (folder: string) => Promise<Model>, maxBytes: number) {
    this.#open = open;
    this.#maxBytes = maxBytes;
  }

  /** Opens the model of a folder, or takes the one that is open, and returns what `work` yields. */
  async use<Result>(folder: string, work: (model: Model) => Promise<Result>): Promise<Result> {
    const entry = this.#entries.get(folder) ?? { model: this.#open(folder), uses: 0 };
    this.#entries.delete(folder);
    this.#entries.set(folder, entry);
    entry.uses += 1;
    try {
      return await work(await entry.model);
    } finally {
      entry.uses -= 1;
      await this.#closeOldest();
    }
  }

  async #closeOldest(): Promise<void> {
    let bytes = 0;
    for (const [folder, { model, uses }] of [...this.#entries].reverse()) {
      const opened = await model.catch(() => undefined);
      bytes += opened?.sizeBytes ?? 0;
      if (uses > 0 || (opened !== undefined && bytes <= this.#maxBytes)) continue;
      // It may have been taken, or closed, while this waited.
      const entry = this.#entries.get(folder);
      if (entry === undefined || entry.model !== model || entry.uses > 0) continue;
      this.#entries.delete(folder);
      await opened?.close();
    }
  }
}
