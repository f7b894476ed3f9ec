import type { Catalog } from '@glyphmill/catalog';
import type { Dataset, ModelManifest } from '@glyphmill/contract';

/** What requests that come together name, each read from storage once. */
export class KnownArtifacts {
  readonly #datasets = new Map<string, Promise<Dataset | undefined>>();
  readonly #models = new Map<string, Promise<ModelManifest | undefined>>();
  readonly #lines = new Map<string, Promise<number>>();

  constructor(private readonly catalog: Catalog) {}

  /** The dataset with this id, or `undefined`. */
  dataset(id: string): Promise<Dataset | undefined> {
    return remembered(this.#datasets, id, () => this.catalog.datasets.find(id));
  }

  /** The model with this id, or `undefined`. */
  model(id: string): Promise<ModelManifest | undefined> {
    return remembered(this.#models, id, () => this.catalog.models.find(id));
  }

  /** How many prompts a dataset has; see `PromptFiles.countLines`. */
  promptLines(dataset: string): Promise<number> {
    return remembered(this.#lines, dataset, () => this.catalog.promptFiles.countLines(dataset));
  }
}

function remembered<Value>(known: Map<string, Promise<Value>>, id: string, read: () => Promise<Value>): Promise<Value> {
  const reading = known.get(id) ?? read();
  known.set(id, reading);
  return reading;
}
