import type { LocalFolder, StagedFolder, Storage } from '@glyphmill/storage';
import type { ArtifactKeys } from './artifact-keys.js';

/** The file without which a folder is no checkpoint. */
const DESCRIPTION = 'checkpoint.json';

/** The checkpoints of training runs in storage, each a folder that appears whole and never changes. */
export class Checkpoints {
  constructor(
    private readonly storage: Storage,
    private readonly keys: ArtifactKeys,
  ) {}

  /** The key of the checkpoint that the holder of a lease token takes at a step. */
  key(jobId: string, step: number, token: string): string {
    return this.keys.checkpoint(jobId, step, token);
  }

  /** The keys of all checkpoints of a job, earliest step first. */
  async ofJob(jobId: string): Promise<string[]> {
    const folder = `${this.keys.ofJobs('checkpoints')}/${jobId}`;
    return (await this.storage.listNames(folder)).map((name) => `${folder}/${name}`);
  }

  async publish(key: string, staged: StagedFolder): Promise<void> {
    await staged.publish(key);
  }

  /** Whether a checkpoint still exists. */
  async isStored(key: string): Promise<boolean> {
    return (await this.storage.stat(`${key}/${DESCRIPTION}`)) !== undefined;
  }

  /** The checkpoint in a folder on this machine, until it is released. Throws `ArtifactNotFoundError`. */
  async localFolder(key: string): Promise<LocalFolder> {
    return await this.storage.localFolder(key);
  }

  /** Removes a checkpoint; harmless if there is none. */
  async delete(key: string): Promise<void> {
    await this.storage.deleteAll(key);
  }
}
