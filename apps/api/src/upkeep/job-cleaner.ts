import { Catalog, type JobFolder } from '@glyphmill/catalog';
import { JobBoard } from '@glyphmill/jobs';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { JobFiles } from './job-files.js';

/** Younger files may belong to work that is under way: a checkpoint is published before its record points to it. */
const ORPHAN_AGE_MS = 24 * 60 * 60 * 1000;

/** How many folders of jobs, and how many staged files, one step looks at. */
const BATCH = 100;

/**
 * Removes files that nothing leads to any longer: text, prompts and checkpoints of jobs that are gone, checkpoints that no record
 * points to, and what crashes left staged. Each step is bounded and continues where the one before ended; any number of
 * APIs may clean at once.
 */
@Injectable()
export class JobCleaner {
  /** The folders that are still to be looked at in this round. */
  private folders: JobFolder[] = [];

  constructor(
    private readonly jobs: JobBoard,
    private readonly files: JobFiles,
    private readonly catalog: Catalog,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /** Looks at the next folders. Returns the keys of what was removed, and how much of what was staged. */
  async step(): Promise<{ removed: string[]; staged: number }> {
    const staged = await this.storage.removeLeftovers(ORPHAN_AGE_MS, BATCH);
    if (this.folders.length === 0) this.folders = await this.catalog.jobFolders.list();
    const removed: string[] = [];
    for (const key of await this.orphansAmong(this.folders.splice(0, BATCH))) {
      if (!(await this.isOld(key))) continue;
      await this.storage.deleteAll(key);
      removed.push(key);
    }
    return { removed, staged };
  }

  private async orphansAmong(folders: JobFolder[]): Promise<string[]> {
    const ofJobs = folders.filter(({ kind }) => kind !== 'checkpoints');
    const gone = new Set(await this.jobs.missing(ofJobs.map(({ jobId }) => jobId)));
    const orphans = ofJobs.filter(({ jobId }) => gone.has(jobId)).map(({ key }) => key);
    for (const { kind, jobId } of folders) {
      if (kind === 'checkpoints') orphans.push(...(await this.files.unusedCheckpoints(jobId)));
    }
    return orphans;
  }

  private async isOld(prefix: string): Promise<boolean> {
    const before = Date.now() - ORPHAN_AGE_MS;
    for await (const { modifiedAt } of this.storage.list(prefix)) if (modifiedAt.getTime() >= before) return false;
    return true;
  }
}
