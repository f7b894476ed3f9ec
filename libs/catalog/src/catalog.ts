import type { Storage } from '@glyphmill/storage';
import { ArtifactKeys } from './artifact-keys.js';
import { Checkpoints } from './checkpoints.js';
import { Datasets } from './datasets.js';
import { JobFolders } from './job-folders.js';
import { JobPrompts } from './job-prompts.js';
import { Models } from './models.js';
import { Outputs } from './outputs.js';
import { PromptFiles } from './prompt-files.js';

/** What lies in storage, by what it is. */
export class Catalog {
  readonly datasets: Datasets;
  readonly models: Models;
  readonly checkpoints: Checkpoints;
  readonly outputs: Outputs;
  /** The prompts of jobs that came with their requests and are too large for their records. */
  readonly prompts: JobPrompts;
  /** Datasets as files of prompts. */
  readonly promptFiles: PromptFiles;
  readonly jobFolders: JobFolders;

  /** The artifacts of one tenant, or those of everyone on a system without tenants. */
  constructor(storage: Storage, tenant?: string) {
    const keys = new ArtifactKeys(tenant);
    this.datasets = new Datasets(storage, keys);
    this.models = new Models(storage, keys);
    this.checkpoints = new Checkpoints(storage, keys);
    this.outputs = new Outputs(storage, keys);
    this.prompts = new JobPrompts(storage, keys);
    this.promptFiles = new PromptFiles(storage, keys, this.datasets);
    this.jobFolders = new JobFolders(storage, keys);
  }
}
