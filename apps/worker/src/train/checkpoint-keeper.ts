import type { JobError } from '@glyphmill/contract';
import type { Catalog } from '@glyphmill/catalog';
import type { StagedFolder, Storage } from '@glyphmill/storage';
import { describeError } from '../job-failure.js';
import { type Lease, JobStoppedError } from '../lease.js';
import type { TrainingEngine } from './training-engines.js';

interface CheckpointKeeperOptions {
  storage: Storage;
  catalog: Pick<Catalog, 'checkpoints'>;
  lease: Lease;
  engine: Pick<TrainingEngine, 'send'>;
  /** Time between checkpoints; 0 is none but when it is asked for. */
  intervalSeconds: number;
}

/**
 * Keeps the checkpoints of one training run. It decides when one is due; the engine writes it into a staged folder, which
 * is then published, and only the record's pointer, set under the lease, makes it one to continue from. A checkpoint that
 * cannot be written is a warning: the training continues.
 */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  #reachedStep = 0;
  #savedStep: number | undefined;
  #saving: Promise<void> | undefined;
  #savingLast: Promise<void> | undefined;
  #asked: PromiseWithResolvers<number | undefined> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Hears how far the training is; the first time, where it starts. */
  reached(step: number): void {
    this.#savedStep ??= step;
    this.#reachedStep = step;
  }

  /** Hears that the engine wrote the checkpoint that it was asked for. */
  written(step: number): void {
    this.#asked?.resolve(step);
  }

  /** Hears that the engine could not write it; one whose training has ended has nothing to write. */
  failed({ code, message }: JobError): void {
    if (code === 'training_ended') this.#asked?.resolve(undefined);
    else this.#asked?.reject(new Error(message));
  }

  /** Keeps a checkpoint, unless none is due since the last; where one is under way, waits for it. Never throws. */
  save({ thenStop = false } = {}): Promise<void> {
    this.#saving ??= this.#saveOnce(thenStop).finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /**
   * Keeps a checkpoint after which the engine takes no more steps. One that is under way may have waited for Redis for
   * long, so it is not the last where the training has continued since.
   */
  async farewell(): Promise<void> {
    while (this.#saving) await this.#saving;
    await this.save({ thenStop: true });
  }

  /** Hears that the last step was taken: a checkpoint of it is kept, from which another job can continue. */
  lastStep(step: number): void {
    if (this.#options.intervalSeconds === 0) return;
    this.#savingLast = (this.#saving ?? Promise.resolve()).then(() => {
      this.reached(step);
      return this.save();
    });
  }

  /** Waits for what is under way, unless the job must stop. */
  async settled(): Promise<void> {
    const { signal } = this.#options.lease;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await Promise.race([Promise.all([this.#saving, this.#savingLast]), stopped]);
  }

  /** The engine answers no more: what it was asked for is given up, and what it wrote is still published. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#asked?.reject(new Error('the engine answers no more'));
    await this.settled();
  }

  #schedule(): void {
    const { intervalSeconds } = this.#options;
    if (intervalSeconds === 0 || this.#ended) return;
    this.#timer = setTimeout(() => void this.save().then(() => this.#schedule()), intervalSeconds * 1000);
  }

  async #saveOnce(thenStop: boolean): Promise<void> {
    const { storage, lease } = this.#options;
    if (this.#savedStep === undefined || this.#reachedStep <= this.#savedStep) return;
    let staged: StagedFolder | undefined;
    try {
      staged = await storage.stage();
      const step = await this.#askEngine(staged.path, thenStop);
      if (step === undefined) return;
      await this.#publish(staged, step);
      this.#savedStep = step;
    } catch (error) {
      if (this.#ended || error instanceof JobStoppedError) return;
      const why = describeError(error, 'train').message;
      const message = `no checkpoint could be written at step ${this.#reachedStep}, and the training continues: ${why}`;
      lease.post({ type: 'log', level: 'warn', message });
    } finally {
      await staged?.discard().catch(() => undefined);
    }
  }

  /** Has the engine write a checkpoint into a folder; returns its step, or nothing if there is no more training. */
  async #askEngine(folder: string, thenStop: boolean): Promise<number | undefined> {
    if (this.#ended) return undefined;
    this.#asked = Promise.withResolvers();
    this.#options.engine.send({ type: 'checkpoint', folder, thenStop });
    return await this.#asked.promise;
  }

  async #publish(staged: StagedFolder, step: number): Promise<void> {
    const { lease } = this.#options;
    const { checkpoints } = this.#options.catalog;
    const key = checkpoints.key(lease.job.id, step, lease.token);
    // The job's own; those of the job that it resumed from are not among them.
    const before = await checkpoints.ofJob(lease.job.id);
    await lease.confirm();
    await checkpoints.publish(key, staged);
    try {
      const kept = new Set((await lease.saveCheckpoint({ key, step })).map((pointer) => pointer.key));
      // All of these were there while the job was ours, so none is that of a worker that took it over. Another
      // checkpoint deletes what cannot be deleted now.
      const fallen = before.filter((each) => !kept.has(each));
      await Promise.all(fallen.map((each) => checkpoints.delete(each).catch(() => undefined)));
    } catch (error) {
      if (error instanceof JobStoppedError) await checkpoints.delete(key);
      throw error;
    }
  }
}
