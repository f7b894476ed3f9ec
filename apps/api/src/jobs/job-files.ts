import { checkpointFolder, JobStore, outputFolder, promptsFolder } from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';

/** Removes finished jobs with the files that are theirs alone: prompts, generated text and checkpoints. A model stays. */
@Injectable()
export class JobFiles {
  private readonly logger = new Logger(JobFiles.name);

  constructor(
    private readonly jobs: JobStore,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * Removes a finished job: first its record, so that nobody finds half a job, then its files. Files that cannot be
   * removed now are orphans, which the sweep removes. Throws `JobNotFoundError` and `JobStateConflictError`.
   */
  async remove(id: string): Promise<void> {
    await this.jobs.remove(id);
    try {
      await this.storage.deleteAll(outputFolder(id));
      await this.storage.deleteAll(promptsFolder(id));
      for (const key of await this.unusedCheckpoints(id)) await this.storage.deleteAll(key);
    } catch (error) {
      this.logger.warn('the files of a removed job are left for the sweep', { job: id, reason: String(error) });
    }
  }

  /** The folders of the checkpoints of a job that no record points to, neither its own nor that of an heir. */
  async unusedCheckpoints(id: string): Promise<string[]> {
    const folder = checkpointFolder(id);
    const keys = (await this.storage.listNames(folder)).map((name) => `${folder}/${name}`);
    if (keys.length === 0) return [];
    const inUse = await this.jobs.checkpointsInUse(id);
    return keys.filter((key) => !inUse.has(key));
  }
}
