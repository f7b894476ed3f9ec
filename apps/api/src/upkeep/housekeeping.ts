import { JobBoard, JobNotFoundError, RepeatedTask } from '@glyphmill/jobs';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { JobFiles } from './job-files.js';
import { JobCleaner } from './job-cleaner.js';

/** How often finished jobs that are to be forgotten are looked for, and how many are removed at once. */
const FORGET_EVERY_MS = 1000;
const FORGET_BATCH = 200;

/** How often some files are looked at that may be orphaned. */
const ORPHANS_EVERY_MS = 60_000;

/** Keeps what is finished within its limits, in each API, in bounded steps. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly chores: RepeatedTask[] = [];

  constructor(
    private readonly jobs: JobBoard,
    private readonly files: JobFiles,
    private readonly cleaner: JobCleaner,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.chores.push(
      new RepeatedTask(FORGET_EVERY_MS, () => this.forget(), this.tell('finished jobs could not be removed')),
      new RepeatedTask(ORPHANS_EVERY_MS, () => this.clean(), this.tell('orphaned files could not be removed')),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.chores.map((chore) => chore.stop()));
  }

  /** Removes some of the finished jobs that are too old or too many. Returns how many. */
  async forget(): Promise<number> {
    const ids = await this.jobs.outlived({ ...this.config.retention, limit: FORGET_BATCH });
    for (const id of ids) {
      await this.files.remove(id).catch((error: unknown) => {
        // Another api may have been faster; and one job that cannot be removed keeps no other.
        if (error instanceof JobNotFoundError) return;
        this.logger.warn('a finished job could not be removed', { job: id, reason: String(error) });
      });
    }
    return ids.length;
  }

  private async clean(): Promise<void> {
    const { removed, staged } = await this.cleaner.step();
    if (removed.length > 0 || staged > 0) this.logger.log('orphaned files removed', { removed, staged });
  }

  private tell(what: string): (error: unknown) => void {
    return (error) => this.logger.debug(what, { reason: String(error) });
  }
}
