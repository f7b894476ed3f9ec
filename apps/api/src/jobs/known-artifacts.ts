import type { Dataset } from '@glyphmill/contract';
import type { ModelManifest } from '@glyphmill/model/config';
import type { DatasetLibrary } from '../datasets/dataset-library.js';
import type { ModelLibrary } from '../models/model-library.js';
import type { PromptFiles } from './prompt-files.js';

/** What requests that come together name, each read from storage once. */
export class KnownArtifacts {
  readonly #datasets = new Map<string, Promise<Dataset | undefined>>();
  readonly #models = new Map<string, Promise<ModelManifest | undefined>>();
  readonly #lines = new Map<string, Promise<number>>();

  constructor(
    private readonly datasets: DatasetLibrary,
    private readonly models: ModelLibrary,
    private readonly promptFiles: PromptFiles,
  ) {}

  /** The dataset with this id, or `undefined`. */
  dataset(id: string): Promise<Dataset | undefined> {
    return remembered(this.#datasets, id, () => this.datasets.find(id));
  }

  /** The model with this id, or `undefined`. */
  model(id: string): Promise<ModelManifest | undefined> {
    return remembered(this.#models, id, () => this.models.find(id));
  }

  /** How many prompts a dataset has; see {@link PromptFiles.countLines}. */
  promptLines(dataset: string): Promise<number> {
    return remembered(this.#lines, dataset, () => this.promptFiles.countLines(dataset));
  }
}

function remembered<Value>(known: Map<string, Promise<Value>>, id: string, read: () => Promise<Value>): Promise<Value> {
  const reading = known.get(id) ?? read();
  known.set(id, reading);
  return reading;
}
