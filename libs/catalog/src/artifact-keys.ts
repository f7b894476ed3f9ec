/** Makes the keys of artifacts. Nothing else knows how they are laid out in storage. */
export class ArtifactKeys {
  readonly #root: string;

  /** The artifacts of one tenant lie below a folder of its own; without a tenant they lie at the top. */
  constructor(tenant?: string) {
    this.#root = tenant === undefined ? '' : `tenants/${tenant}/`;
  }

  /** The folder of all datasets; each is a folder named by its id. */
  get datasets(): string {
    return `${this.#root}datasets`;
  }

  /** The folder of all models; each is a folder named by its id. */
  get models(): string {
    return `${this.#root}models`;
  }

  /** The index of the lines of a dataset that is a file of prompts. */
  promptIndex(dataset: string): string {
    return `${this.#root}prompt-indexes/${dataset}`;
  }

  /** The folder of one kind of a job's own files, below which each job has a folder named by its id. */
  ofJobs(kind: JobFolderKind): string {
    return `${this.#root}${kind}`;
  }

  /** The prompts of one job, as a JSON array. */
  promptList(jobId: string): string {
    return `${this.ofJobs('prompts')}/${jobId}/prompts.json`;
  }

  /** The output lines of one shard; keys sort as shards do. */
  shard(jobId: string, shard: number): string {
    return `${this.ofJobs('outputs')}/${jobId}/${String(shard).padStart(5, '0')}.jsonl`;
  }

  /** A checkpoint's folder; names sort as steps do, and two workers never write the same one. */
  checkpoint(jobId: string, step: number, token: string): string {
    return `${this.ofJobs('checkpoints')}/${jobId}/${String(step).padStart(9, '0')}-${token.slice(0, 8)}`;
  }
}

/** The kinds of files that belong to one job alone. */
export const JOB_FOLDER_KINDS = ['outputs', 'prompts', 'checkpoints'] as const;
export type JobFolderKind = (typeof JOB_FOLDER_KINDS)[number];
