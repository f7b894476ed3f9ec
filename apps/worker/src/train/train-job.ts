import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CheckpointPointer, ClaimedTrainJob, TrainResult } from '@glyphmill/jobs';
import { modelManifest, trainingMemoryBytes } from '@glyphmill/model/config';
import { ArtifactNotFoundError } from '@glyphmill/storage';
import { z } from 'zod';
import { JobFailure, readStored } from '../job-failure.js';
import { JobStoppedError, type Lease } from '../lease.js';
import type { MemoryClaim } from '../memory/memory-claims.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import { CheckpointKeeper } from './checkpoint-keeper.js';
import type { TrainingEngine, TrainingEngines } from './training-engines.js';
import type { ResumePoint } from './training-protocol.js';

const datasetInfo = z.object({
  id: z.string(),
  name: z.string(),
  sha256: z.string(),
  characters: z.int(),
  vocabularySize: z.int(),
});

/** Where and of what a training run makes its model. */
interface TrainingPlace {
  claim: MemoryClaim;
  modelId: string;
  about: z.output<typeof datasetInfo>;
  datasetFile: string;
}

/**
 * Trains a model in an engine of its own and publishes it. The model's id comes from the job's, so a job that runs
 * twice gives one model: the first to publish wins, and the other takes the winner's losses for its result.
 */
export function trainJob({ storage, log, memory }: JobContext, engines: TrainingEngines): JobWork<'train'> {
  return async (job, lease) => {
    const modelId = job.id.replace(/^job_/u, 'model_');
    const published = await publishedResult(modelId);
    if (published) return published;

    const { dataset, model, training } = job.request;
    const about = await readJson(datasetInfo, `datasets/${dataset}/dataset.json`, dataset);
    const datasetFile = join(await storage.localFolder(`datasets/${dataset}`), 'content');
    await verifyHash(datasetFile, about.sha256);
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
      return await trainInEngine(job, lease, { claim, modelId, about, datasetFile });
    } finally {
      await claim.release();
    }
  };

  async function trainInEngine(
    job: ClaimedTrainJob,
    lease: Lease,
    { claim, modelId, about, datasetFile }: TrainingPlace,
  ): Promise<TrainResult> {
    const { name, model, training, initFrom, resumeFrom } = job.request;
    const initial = initFrom && { ...initFrom, folder: await modelFolder(initFrom.model) };
    const checkpoints = await Promise.all(job.checkpoints.map(resumePoint));
    const staged = await storage.stage();
    const engine = engines.take();
    await claim.update({ pid: engine.pid ?? null });
    const { checkpointIntervalSeconds: intervalSeconds } = training;
    const keeper = new CheckpointKeeper({ storage, lease, engine, intervalSeconds });
    lease.onFarewell(() => keeper.farewell());
    log.info({ job: job.id, engine: engine.pid }, 'training');
    try {
      engine.send({
        type: 'train',
        datasetFile,
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
      const first = await staged.publish(`models/${modelId}`);
      return first
        ? { model: modelId, ...losses }
        : ((await publishedResult(modelId)) ?? { model: modelId, ...losses });
    } finally {
      await keeper.end();
      // One whose job must stop has nothing more to do, and may be deep in a step.
      await engine.stop(lease.signal.aborted ? 0 : undefined);
      // What cannot be removed now is no reason to fail, nor the reason for a failure.
      await staged.discard().catch(() => undefined);
    }
  }

  async function publishedResult(modelId: string): Promise<TrainResult | undefined> {
    if (!(await storage.stat(`models/${modelId}/manifest.json`))) return undefined;
    const manifest = await readJson(modelManifest, `models/${modelId}/manifest.json`, modelId);
    return { model: modelId, trainLoss: manifest.trainLoss, validationLoss: manifest.validationLoss };
  }

  function modelFolder(id: string): Promise<string> {
    return readStored(id, () => storage.localFolder(`models/${id}`));
  }

  async function resumePoint({ key, step }: CheckpointPointer): Promise<ResumePoint> {
    try {
      return { step, folder: await storage.localFolder(key) };
    } catch (error) {
      if (error instanceof ArtifactNotFoundError) return { step, folder: null };
      throw error;
    }
  }

  async function readJson<Schema extends z.ZodType>(
    schema: Schema,
    key: string,
    id: string,
  ): Promise<z.output<Schema>> {
    const text = (await readStored(id, () => storage.readBytes(key))).toString('utf8');
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      const message = `${key} is damaged: store ${id} anew (${error instanceof Error ? error.message : String(error)})`;
      throw new JobFailure({ code: 'corrupt_artifact', message, retryable: false });
    }
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

async function verifyHash(file: string, sha256: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('hex') === sha256) return;
  const message = "the dataset's bytes are not those that were uploaded; upload it again";
  throw new JobFailure({ code: 'corrupt_dataset', message, retryable: false });
}
