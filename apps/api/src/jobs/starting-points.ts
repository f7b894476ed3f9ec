import { isDeepStrictEqual } from 'node:util';
import { type Dataset, type InitFrom, isFinal, type TrainRequest } from '@glyphmill/contract';
import { alphabetDifference } from '@glyphmill/data';
import { type CheckpointPointer, JobStore } from '@glyphmill/jobs';
import { KEPT_TRAINING_SETTINGS, type ModelConfig, type ModelManifest, sizeDifferences } from '@glyphmill/model/config';
import type { Storage } from '@glyphmill/storage';
import { Inject, Injectable } from '@nestjs/common';
import { STORAGE } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { ModelLibrary } from '../models/model-library.js';
import { Problem } from '../problem/problem.js';

/** Finds what a training is to start from, and refuses what it could not start from. */
@Injectable()
export class StartingPoints {
  constructor(
    private readonly datasets: DatasetLibrary,
    private readonly models: ModelLibrary,
    private readonly jobs: JobStore,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  /**
   * Checks that the weights of the model that `initFrom` names fit the one that is asked for. Whether the text has the
   * model's characters is left to the engine when storage does not say, as for datasets of earlier versions.
   * Throws the problems `unknown_model` and `init_mismatch`.
   */
  async checkInitFrom(initFrom: InitFrom, asked: ModelConfig, text: Dataset): Promise<void> {
    const source = await this.models.find(initFrom.model);
    if (!source) {
      const detail = `initFrom.model: there is no "${initFrom.model}". GET /api/models lists what there is.`;
      throw new Problem('unknown_model', detail);
    }
    const differences = sizeDifferences(asked, source.model);
    if (asked.blockSize !== source.model.blockSize && initFrom.positions === 'same') {
      differences.push(
        `blockSize is ${asked.blockSize} and not ${source.model.blockSize} (positions "resize" maps it)`,
      );
    }
    if (initFrom.vocabulary === 'same') {
      const difference = await this.#alphabetDifference(text, source);
      if (difference !== undefined) differences.push(`${difference} (vocabulary "by-character" maps them)`);
    }
    if (differences.length > 0) throw initMismatch(source, differences);
  }

  async #isAnyStored(checkpoints: CheckpointPointer[]): Promise<boolean> {
    const found = await Promise.all(checkpoints.map(({ key }) => this.storage.stat(`${key}/checkpoint.json`)));
    return found.some((one) => one !== undefined);
  }

  async #alphabetDifference(text: Dataset, source: ModelManifest): Promise<string | undefined> {
    if (text.vocabularySize !== source.vocabularySize) {
      return `the text has ${text.vocabularySize} distinct characters and not ${source.vocabularySize}`;
    }
    const [own, known] = await Promise.all([this.datasets.alphabet(text.id), this.models.vocabulary(source.id)]);
    return own === undefined || known === undefined ? undefined : alphabetDifference(own, known);
  }

  /**
   * The checkpoints of the job that `resumeFrom` names, newest first, for a request that goes on with its training.
   * Throws the problems `unknown_job`, `job_state_conflict` (it is not finished), `resume_mismatch`, `no_checkpoint`.
   */
  async checkpointsToResume(resumeFrom: string, asked: TrainRequest): Promise<CheckpointPointer[]> {
    const job = await this.jobs.get(resumeFrom);
    if (!job)
      throw new Problem('unknown_job', `resumeFrom: there is no job "${resumeFrom}". GET /api/jobs lists them.`);
    if (job.kind !== 'train') {
      throw new Problem('resume_mismatch', `resumeFrom: ${job.id} is a ${job.kind} job. Name a train job.`);
    }
    if (!isFinal(job.state)) {
      const detail = `resumeFrom: the job ${job.id} is ${job.state} and still moves its checkpoints. Cancel it, or wait until it has finished.`;
      throw new Problem('job_state_conflict', detail);
    }
    const trained = job.request;
    if (asked.dataset !== trained.dataset) {
      const detail = `dataset: ${job.id} trained on "${trained.dataset}". Name that one, or start from the job's model with initFrom.`;
      throw new Problem('resume_mismatch', detail);
    }
    if (!isDeepStrictEqual(asked.model, trained.model)) {
      throw new Problem(
        'resume_mismatch',
        `model: ${job.id} trains ${JSON.stringify(trained.model)}. Ask for the same.`,
      );
    }
    for (const name of KEPT_TRAINING_SETTINGS) {
      const [then, now] = [trained.training[name], asked.training[name]];
      if (then === now) continue;
      throw new Problem(
        'resume_mismatch',
        `training.${name}: ${job.id} trains with ${then} and not ${now}. Ask for the same.`,
      );
    }
    const checkpoints = await this.jobs.checkpoints(job.id);
    const newest = checkpoints[0];
    if (!newest) {
      const detail = `resumeFrom: the job ${job.id} ended before its first checkpoint. Start a training without resumeFrom.`;
      throw new Problem('no_checkpoint', detail);
    }
    if (!(await this.#isAnyStored(checkpoints))) {
      const detail = `resumeFrom: the checkpoints of ${job.id} are no longer stored. Start from the job's model with initFrom, or anew.`;
      throw new Problem('no_checkpoint', detail);
    }
    const { maxSteps } = asked.training;
    if (maxSteps <= newest.step) {
      const detail = `training.maxSteps: ${job.id} goes on from step ${newest.step}, and ${maxSteps} is not beyond it. Ask for more steps.`;
      throw new Problem('resume_mismatch', detail, { members: { step: newest.step } });
    }
    return checkpoints;
  }
}

function initMismatch({ id, model }: ModelManifest, differences: string[]): Problem {
  const detail = `initFrom: the weights of ${id} do not fit: ${differences.join('; ')}. The model is ${JSON.stringify(model)}.`;
  return new Problem('init_mismatch', detail);
}
