import type { Storage } from '@glyphmill/storage';
import { type ArtifactKeys, JOB_FOLDER_KINDS, type JobFolderKind } from './artifact-keys.js';

const JOB_ID = /^job_[0-9A-HJKMNP-TV-Z]{26}$/u;

/** A folder with files of one job alone. */
export interface JobFolder {
  kind: JobFolderKind;
  jobId: string;
  key: string;
}

/** The folders that hold files of one job alone, for removing what nothing leads to any longer. */
export class JobFolders {
  constructor(
    private readonly storage: Storage,
    private readonly keys: ArtifactKeys,
  ) {}

  /** All folders of jobs. What is not named by a job was put there by somebody else, and is left out. */
  async list(): Promise<JobFolder[]> {
    const lists = JOB_FOLDER_KINDS.map(async (kind) => {
      const ids = (await this.storage.listNames(this.keys.ofJobs(kind))).filter((name) => JOB_ID.test(name));
      return ids.map((jobId) => ({ kind, jobId, key: this.#key(kind, jobId) }));
    });
    return (await Promise.all(lists)).flat();
  }

  /** Removes one kind of a job's files; harmless if there are none. */
  async delete(kind: JobFolderKind, jobId: string): Promise<void> {
    await this.storage.deleteAll(this.#key(kind, jobId));
  }

  #key(kind: JobFolderKind, jobId: string): string {
    return `${this.keys.ofJobs(kind)}/${jobId}`;
  }
}
