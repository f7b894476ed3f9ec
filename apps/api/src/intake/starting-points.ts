import { isDeepStrictEqual } from 'node:util';
import { Catalog } from '@glyphmill/catalog';
import { type Dataset, type InitFrom, isFinal, type TrainJob, type TrainRequest } from '@glyphmill/contract';
import { alphabetDifference } from '@glyphmill/data';
import { type CheckpointPointer, JobBoard } from '@glyphmill/jobs';
import { KEPT_TRAINING_SETTINGS, type ModelConfig, type ModelManifest, sizeDifferences } from '@glyphmill/model/config';
import { Injectable } from '@nestjs/common';
import { Refusal } from './refusal.js';

/** Finds what a training run is to start from, and refuses what it could not start from. */
@Injectable()
export class StartingPoints {
  constructor(
    private readonly catalog: Catalog,
    private readonly jobs: JobBoard,
  ) {}

  /**
   * Checks that the weights of the model that `initFrom` names fit the one that is asked for. Whether the text has the
   * model's characters is left to the engine when storage does not say, as for datasets of earlier versions.
   * Throws a {@link Refusal} (`unknown_model`, `init_mismatch`).
   */
  async checkInitFrom(initFrom: InitFrom, asked: ModelConfig, text: Dataset): Promise<void> {
    const source = await this.catalog.models.find(initFrom.model);
    if (!source) throw new Refusal('unknown_model', `there is no "${initFrom.model}"`, { field: 'initFrom.model' });
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
    const found = await Promise.all(checkpoints.map(({ key }) => this.catalog.checkpoints.isStored(key)));
    return found.includes(true);
  }

  async #alphabetDifference(text: Dataset, source: ModelManifest): Promise<string | undefined> {
    if (text.vocabularySize !== source.vocabularySize) {
      return `the text has ${text.vocabularySize} distinct characters and not ${source.vocabularySize}`;
    }
    const [own, known] = await Promise.all([
      this.catalog.datasets.alphabet(text.id),
      this.catalog.models.vocabulary(source.id),
    ]);
    return own === undefined || known === undefined ? undefined : alphabetDifference(own, known);
  }

  /**
   * The checkpoints of the job that `resumeFrom` names, newest first, for a request that continues with its training.
   * Throws a {@link Refusal} (`unknown_job`, `job_state_conflict` if it is not finished, `resume_mismatch`,
   * `no_checkpoint`).
   */
  async checkpointsToResume(resumeFrom: string, asked: TrainRequest): Promise<CheckpointPointer[]> {
    const job = await this.jobs.get(resumeFrom);
    const field = 'resumeFrom';
    if (!job) throw new Refusal('unknown_job', `there is no job "${resumeFrom}"`, { field });
    if (job.kind !== 'train') {
      throw new Refusal('resume_mismatch', `${job.id} is a ${job.kind} job`, { field, remedy: 'Name a train job.' });
    }
    if (!isFinal(job.state)) {
      const reason = `the job ${job.id} is ${job.state} and still moves its checkpoints`;
      throw new Refusal('job_state_conflict', reason, { field, remedy: 'Cancel it, or wait until it has finished.' });
    }
    checkSameTraining(asked, job);
    const checkpoints = await this.jobs.checkpoints(job.id);
    const newest = checkpoints[0];
    if (!newest) {
      const remedy = 'Start a training run without resumeFrom.';
      throw new Refusal('no_checkpoint', `the job ${job.id} ended before its first checkpoint`, { field, remedy });
    }
    if (!(await this.#isAnyStored(checkpoints))) {
      const remedy = "Start from the job's model with initFrom, or anew.";
      throw new Refusal('no_checkpoint', `the checkpoints of ${job.id} are no longer stored`, { field, remedy });
    }
    const { maxSteps } = asked.training;
    if (maxSteps <= newest.step) {
      const reason = `${job.id} resumes at step ${newest.step}, and ${maxSteps} is not beyond it`;
      const details = { field: 'training.maxSteps', remedy: 'Ask for more steps.', facts: { step: newest.step } };
      throw new Refusal('resume_mismatch', reason, details);
    }
    return checkpoints;
  }
}

/** Throws a {@link Refusal} (`resume_mismatch`) if a request asks for another training run than the one to continue. */
function checkSameTraining(asked: TrainRequest, { id, request: trained }: TrainJob): void {
  if (asked.dataset !== trained.dataset) {
    const remedy = "Name that one, or start from the job's model with initFrom.";
    throw new Refusal('resume_mismatch', `${id} trained on "${trained.dataset}"`, { field: 'dataset', remedy });
  }
  const remedy = 'Ask for the same.';
  if (!isDeepStrictEqual(asked.model, trained.model)) {
    const reason = `${id} trains ${JSON.stringify(trained.model)}`;
    throw new Refusal('resume_mismatch', reason, { field: 'model', remedy });
  }
  for (const name of KEPT_TRAINING_SETTINGS) {
    const [then, now] = [trained.training[name], asked.training[name]];
    if (then === now) continue;
    const reason = `${id} trains with ${then} and not ${now}`;
    throw new Refusal('resume_mismatch', reason, { field: `training.${name}`, remedy });
  }
}

function initMismatch({ id, model }: ModelManifest, differences: string[]): Refusal {
  const reason = `the weights of ${id} do not fit: ${differences.join('; ')}`;
  const remedy = `The model is ${JSON.stringify(model)}.`;
  return new Refusal('init_mismatch', reason, { field: 'initFrom', remedy });
}
