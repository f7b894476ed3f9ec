import { Catalog } from '@glyphmill/catalog';
import { JobBoard } from '@glyphmill/jobs';
import { Injectable, Logger } from '@nestjs/common';

/** Removes finished jobs with the files that are theirs alone: prompts, generated text and checkpoints. A model stays. */
@Injectable()
export class JobFiles {
  private readonly logger = new Logger(JobFiles.name);

  constructor(
    private readonly jobs: JobBoard,
    private readonly catalog: Catalog,
  ) {}

  /**
   * Removes a finished job: first its record, so that nobody finds half a job, then its files. Files that cannot be
   * removed now are orphans, which the cleaner removes. Throws `JobNotFoundError` and `JobStateConflictError`.
   */
  async remove(id: string): Promise<void> {
    await this.jobs.remove(id);
    try {
      await this.catalog.jobFolders.delete('outputs', id);
      await this.catalog.jobFolders.delete('prompts', id);
      for (const key of await this.unusedCheckpoints(id)) await this.catalog.checkpoints.delete(key);
    } catch (error) {
      this.logger.warn('the files of a removed job are left for the cleaner', { job: id, reason: String(error) });
    }
  }

  /** The folders of the checkpoints of a job that no record points to, neither its own nor that of an heir. */
  async unusedCheckpoints(id: string): Promise<string[]> {
    const keys = await this.catalog.checkpoints.ofJob(id);
    if (keys.length === 0) return [];
    const inUse = await this.jobs.checkpointsInUse(id);
    return keys.filter((key) => !inUse.has(key));
  }
}
