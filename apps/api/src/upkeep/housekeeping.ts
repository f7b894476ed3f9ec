import { JobNotFoundError, JobStore } from '@glyphmill/jobs';
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
import { OrphanSweep } from './orphan-sweep.js';

/** How often finished jobs that are to be forgotten are looked for, and how many are removed at once. */
const FORGET_EVERY_MS = 1000;
const FORGET_BATCH = 200;

/** How often a step of the sweep for orphaned files is taken. */
const ORPHANS_EVERY_MS = 60_000;

/** Keeps what is finished within its limits, in each api, in bounded steps. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly chores: Chore[] = [];

  constructor(
    private readonly jobs: JobStore,
    private readonly files: JobFiles,
    private readonly orphans: OrphanSweep,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.chores.push(
      new Chore(FORGET_EVERY_MS, () => this.forget(), this.tell('finished jobs could not be removed')),
      new Chore(ORPHANS_EVERY_MS, () => this.sweep(), this.tell('orphaned files could not be swept')),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.chores.map((chore) => chore.stop()));
  }

  /** Removes some of the finished jobs that are too old or too many. Gives how many. */
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

  private async sweep(): Promise<void> {
    const { removed, staged } = await this.orphans.step();
    if (removed.length > 0 || staged > 0) this.logger.log('orphaned files removed', { removed, staged });
  }

  private tell(what: string): (error: unknown) => void {
    return (error) => this.logger.debug(what, { reason: String(error) });
  }
}

/** Something that is done again and again, one at a time. */
class Chore {
  readonly #timer: NodeJS.Timeout;
  #underWay: Promise<unknown> | undefined;

  constructor(everyMs: number, step: () => Promise<unknown>, onError: (error: unknown) => void) {
    this.#timer = setInterval(() => {
      this.#underWay ??= step()
        .catch(onError)
        .finally(() => {
          this.#underWay = undefined;
        });
    }, everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }
}
