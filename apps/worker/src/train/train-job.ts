import { setTimeout as wait } from 'node:timers/promises';
import type { Dataset, TrainResult } from '@glyphmill/contract';
import type { CheckpointPointer, ClaimedTrainJob } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { ArtifactDamagedError, ArtifactNotFoundError, type LocalFolder } from '@glyphmill/storage';
import { JobFailure, readStored } from '../job-failure.js';
import { JobStoppedError, type Lease } from '../lease.js';
import type { MemoryClaim } from '../memory/memory-claims.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import { CheckpointKeeper } from './checkpoint-keeper.js';
import type { TrainingEngine, TrainingEngines } from './training-engines.js';
import type { ResumePoint } from './training-protocol.js';

/** What cannot be removed in this time is a leftover, which a sweep removes. */
const DISCARD_MS = 5000;

/** Where and of what a training run makes its model. */
interface TrainingPlace {
  claim: MemoryClaim;
  modelId: string;
  about: Dataset;
  /** The folder on this machine that holds the dataset's text. */
  datasetFolder: string;
  /** The folders on this machine that the training run reads, until it ends. */
  local: DisposableStack;
}

/**
 * Trains a model in an engine of its own and publishes it. The model's id comes from the job's, so a job that runs
 * twice gives one model: the first to publish wins, and the other takes the winner's losses for its result.
 */
export function trainJob({ storage, catalog, log, memory }: JobContext, engines: TrainingEngines): JobWork<'train'> {
  return async (job, lease) => {
    const modelId = job.id.replace(/^job_/u, 'model_');
    const { signal } = lease;
    const published = await publishedResult(modelId, signal);
    if (published) return published;

    const { dataset, model, training } = job.request;
    const about = await readStored(dataset, () => catalog.datasets.get(dataset, signal));
    await readStored(dataset, () => verifyContent(about, signal));
    using local = new DisposableStack();
    const datasetFolder = local.use(await catalog.datasets.localFolder(dataset)).path;
    const claim = await memory.enter({
      estimateBytes: trainingMemoryBytes(model, training, about),
      since: job.createdAtMs,
      signal: lease.signal,
      onWait: (message) => {
        log.info({ job: job.id }, message);
        lease.post({ type: 'log', level: 'info', message });
      },
    });
    if (!claim) throw new JobStoppedError('no-room');
    try {
      return await trainInEngine(job, lease, { claim, modelId, about, datasetFolder, local });
    } finally {
      await claim.release();
    }
  };

  async function trainInEngine(
    job: ClaimedTrainJob,
    lease: Lease,
    { claim, modelId, about, datasetFolder, local }: TrainingPlace,
  ): Promise<TrainResult> {
    const { signal } = lease;
    const { name, model, training, initFrom, resumeFrom } = job.request;
    const initial = initFrom && { ...initFrom, folder: local.use(await modelFolder(initFrom.model)).path };
    const checkpoints = await Promise.all(job.checkpoints.map((pointer) => resumePoint(pointer, local)));
    const staged = await storage.stage();
    const engine = engines.take();
    await claim.update({ pid: engine.pid ?? null });
    const { checkpointIntervalSeconds: intervalSeconds } = training;
    const keeper = new CheckpointKeeper({ storage, catalog, lease, engine, intervalSeconds });
    lease.onFarewell(() => keeper.farewell());
    // What it was asked for then never comes.
    void engine.ended.then(() => keeper.end());
    const answered = engine.expect();
    log.info({ job: job.id, engine: engine.pid }, 'training');
    try {
      engine.send({
        type: 'train',
        dataset: { folder: datasetFolder, bytes: about.bytes },
        exportFolder: staged.path,
        model,
        training,
        initFrom: initial,
        checkpoints,
        mustResume: resumeFrom !== undefined,
        continues: resumeFrom,
        about: { modelId, name: name ?? `${model.kind} of ${about.name}`, job: job.id, dataset: about },
      });
      const losses = await trained(engine, lease, keeper);
      await keeper.settled();
      await lease.startCommitting();
      const first = await catalog.models.publish(modelId, staged);
      return first
        ? { model: modelId, ...losses }
        : ((await publishedResult(modelId, signal)) ?? { model: modelId, ...losses });
    } finally {
      answered();
      await keeper.end();
      // One whose job must stop has nothing more to do, and may be deep in a step.
      await engine.stop(lease.signal.aborted ? 0 : undefined);
      // What cannot be removed now is no reason to fail, nor the reason for a failure.
      const removing = staged.discard().catch(() => undefined);
      await Promise.race([removing, wait(DISCARD_MS, undefined, { ref: false })]);
    }
  }

  async function publishedResult(modelId: string, signal: AbortSignal): Promise<TrainResult | undefined> {
    const manifest = await readStored(modelId, () => catalog.models.find(modelId, signal));
    if (!manifest) return undefined;
    return { model: modelId, trainLoss: manifest.trainLoss, validationLoss: manifest.validationLoss };
  }

  function modelFolder(id: string): Promise<LocalFolder> {
    return readStored(id, () => catalog.models.localFolder(id));
  }

  async function resumePoint({ key, step }: CheckpointPointer, local: DisposableStack): Promise<ResumePoint> {
    try {
      return { step, folder: local.use(await catalog.checkpoints.localFolder(key)).path };
    } catch (error) {
      if (error instanceof ArtifactNotFoundError || error instanceof ArtifactDamagedError)
        return { step, folder: null };
      throw error;
    }
  }

  /** Throws {@link JobFailure} unless the text is the one that was uploaded. */
  async function verifyContent(about: Dataset, signal: AbortSignal): Promise<void> {
    if (await catalog.datasets.isIntact(about, signal)) return;
    const message = "the dataset's bytes are not those that were uploaded; upload it again";
    throw new JobFailure({ code: 'corrupt_dataset', message, retryable: false });
  }
}

/** What the engine reports goes to the lease and the keeper, until it has exported the model, failed, died or must stop. */
async function trained(
  engine: TrainingEngine,
  lease: Lease,
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
