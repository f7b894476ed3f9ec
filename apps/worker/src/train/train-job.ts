import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from '@glyphmill/catalog';
import type { Dataset, TrainResult } from '@glyphmill/contract';
import type { CheckpointPointer, ClaimedTrainJob } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { ArtifactDamagedError, ArtifactNotFoundError, type StagedFolder, type Storage } from '@glyphmill/storage';
import { JobFailure, readStored } from '../job-failure.js';
import { JobStoppedError, type Lease } from '../lease.js';
import type { Logger } from '../log.js';
import type { MemoryClaim } from '../memory/memory-claims.js';
import type { MemoryGate } from '../memory/memory-gate.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import { CheckpointKeeper } from './checkpoint-keeper.js';
import type { TrainingEngine, TrainingEngines } from './training-engines.js';
import type { ResumePoint, TrainCommand } from './training-protocol.js';

/** What cannot be removed in this time is a leftover, which a cleaner removes. */
const DISCARD_MS = 5000;

/** One training run under way. */
interface TrainingRun {
  job: ClaimedTrainJob;
  lease: Lease<'train'>;
  modelId: string;
  /** What is known of the text. */
  text: Dataset;
  /** The memory that the run may take. */
  claim: MemoryClaim;
  /** The folders on this machine that the run reads, until it ends. */
  local: DisposableStack;
}

/**
 * Trains a model in an engine of its own and publishes it. The model's id comes from the job's, so a job that runs
 * twice makes one model: the first to publish wins, and the other takes the winner's losses for its result.
 */
export class TrainJob implements JobWork<'train'> {
  readonly kind = 'train';
  readonly #storage: Storage;
  readonly #catalog: Catalog;
  readonly #log: Logger;
  readonly #memory: MemoryGate;
  readonly #engines: TrainingEngines;

  constructor({ storage, catalog, log, memory }: JobContext, engines: TrainingEngines) {
    this.#storage = storage;
    this.#catalog = catalog;
    this.#log = log;
    this.#memory = memory;
    this.#engines = engines;
  }

  async run(job: ClaimedTrainJob, lease: Lease<'train'>): Promise<TrainResult> {
    const modelId = job.id.replace(/^job_/u, 'model_');
    const published = await this.#publishedResult(modelId, lease);
    if (published) return published;
    const text = await this.#intactText(job.request.dataset, lease);
    using local = new DisposableStack();
    const claim = await this.#enterMemory(job, text, lease);
    try {
      return await this.#trainAndPublish({ job, lease, modelId, text, claim, local });
    } finally {
      await claim.release();
    }
  }

  /** The result of an attempt whose model was published although its job did not hear of it. */
  async #publishedResult(modelId: string, { signal }: Lease<'train'>): Promise<TrainResult | undefined> {
    const manifest = await readStored(modelId, () => this.#catalog.models.find(modelId, signal));
    if (!manifest) return undefined;
    return { model: modelId, trainLoss: manifest.trainLoss, validationLoss: manifest.validationLoss };
  }

  /** The dataset, if its bytes are those that were uploaded. Throws {@link JobFailure} if they are not. */
  async #intactText(id: string, { signal }: Lease<'train'>): Promise<Dataset> {
    const text = await readStored(id, () => this.#catalog.datasets.get(id, signal));
    if (await readStored(id, () => this.#catalog.datasets.isIntact(text, signal))) return text;
    const message = "the dataset's bytes are not those that were uploaded; upload it again";
    throw new JobFailure({ code: 'corrupt_dataset', message, retryable: false });
  }

  /** Waits until the machine has memory for the run. Throws {@link JobStoppedError} if it has none for a while. */
  async #enterMemory(job: ClaimedTrainJob, text: Dataset, lease: Lease<'train'>): Promise<MemoryClaim> {
    const { model, training } = job.request;
    const claim = await this.#memory.enter({
      estimateBytes: trainingMemoryBytes(model, training, text),
      since: job.createdAtMs,
      signal: lease.signal,
      onWait: (message) => {
        this.#log.info({ job: job.id }, message);
        lease.post({ type: 'log', level: 'info', message });
      },
    });
    if (!claim) throw new JobStoppedError('no-room');
    return claim;
  }

  async #trainAndPublish(run: TrainingRun): Promise<TrainResult> {
    const { lease, modelId } = run;
    const staged = await this.#storage.stage();
    try {
      const order = await this.#orderOf(run, staged);
      const losses = await this.#trainInEngine(run, order);
      await lease.startCommitting();
      const isFirst = await this.#catalog.models.publish(modelId, staged);
      const published = isFirst ? undefined : await this.#publishedResult(modelId, lease);
      return published ?? { model: modelId, ...losses };
    } finally {
      await discard(staged);
    }
  }

  /** What the engine is told to do, with every folder on this machine. */
  async #orderOf({ job, modelId, text, local }: TrainingRun, staged: StagedFolder): Promise<TrainCommand> {
    const { name, model, training, initFrom, resumeFrom } = job.request;
    const datasetFolder = local.use(await this.#catalog.datasets.localFolder(text.id));
    const initial = initFrom && { ...initFrom, folder: await this.#modelFolder(initFrom.model, local) };
    const checkpoints = await Promise.all(job.checkpoints.map((pointer) => this.#resumePoint(pointer, local)));
    return {
      type: 'train',
      dataset: { folder: datasetFolder.path, bytes: text.bytes },
      exportFolder: staged.path,
      model,
      training,
      initFrom: initial,
      checkpoints,
      mustResume: resumeFrom !== undefined,
      continues: resumeFrom,
      about: { modelId, name: name ?? `${model.kind} of ${text.name}`, job: job.id, dataset: text },
    };
  }

  /** Has a new engine train and export the model, while its checkpoints are kept. Returns once both are there. */
  async #trainInEngine({ job, lease, claim }: TrainingRun, order: TrainCommand): Promise<Omit<TrainResult, 'model'>> {
    const engine = this.#engines.take();
    await claim.update({ pid: engine.pid ?? null });
    const { checkpointIntervalSeconds: intervalSeconds } = job.request.training;
    const keeper = new CheckpointKeeper({
      storage: this.#storage,
      catalog: this.#catalog,
      lease,
      engine,
      intervalSeconds,
    });
    lease.onFarewell(() => keeper.farewell());
    // What it was asked for then never comes.
    void engine.ended.then(() => keeper.end());
    const answered = engine.expect();
    this.#log.info({ job: job.id, engine: engine.pid }, 'training');
    try {
      engine.send(order);
      const losses = await trained(engine, lease, keeper);
      await keeper.settled();
      return losses;
    } finally {
      answered();
      await keeper.end();
      // One whose job must stop has nothing more to do, and may be deep in a step.
      await engine.stop(lease.signal.aborted ? 0 : undefined);
    }
  }

  async #modelFolder(id: string, local: DisposableStack): Promise<string> {
    return local.use(await readStored(id, () => this.#catalog.models.localFolder(id))).path;
  }

  /** Where the run may resume; a checkpoint that is missing or damaged has no folder. */
  async #resumePoint({ key, step }: CheckpointPointer, local: DisposableStack): Promise<ResumePoint> {
    try {
      return { step, folder: local.use(await this.#catalog.checkpoints.localFolder(key)).path };
    } catch (error) {
      const isUnreadable = error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError;
      if (isUnreadable) return { step, folder: null };
      throw error;
    }
  }
}

/** What cannot be removed now is no reason to fail, nor the reason for a failure. */
async function discard(staged: StagedFolder): Promise<void> {
  const removing = staged.discard().catch(() => undefined);
  await Promise.race([removing, wait(DISCARD_MS, undefined, { ref: false })]);
}

/** What the engine reports goes to the lease and the keeper, until it has exported the model, failed, died or must stop. */
async function trained(
  engine: TrainingEngine,
  lease: Lease<'train'>,
  keeper: CheckpointKeeper,
): Promise<Omit<TrainResult, 'model'>> {
  return await new Promise((resolve, reject) => {
    const stop = () => reject(lease.signal.reason as Error);
    lease.signal.addEventListener('abort', stop, { once: true });
    if (lease.signal.aborted) stop();
    void engine.ended.then(reject);
    engine.listen((report) => {
      switch (report.type) {
        case 'ready':
          return;
        case 'progress':
          keeper.reached(report.progress.step);
          return lease.progress(report.progress);
        case 'event':
          return lease.post(report.event);
        case 'checkpoint-written':
          return keeper.written(report.step);
        case 'checkpoint-failed':
          return keeper.failed(report.error);
        case 'last-step':
          return keeper.lastStep(report.step);
        case 'done':
          return resolve({ trainLoss: report.trainLoss, validationLoss: report.validationLoss });
        case 'failed':
          return reject(new JobFailure(report.error));
      }
    });
  });
}
