import { checkTrainable } from '@glyphmill/data';
import { excessOf, type GenerateRequest, type JobDraft, type TrainRequest } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { ModelLibrary } from '../models/model-library.js';
import { Problem } from '../problem/problem.js';
import { PromptFiles } from './prompt-files.js';
import { StartingPoints } from './starting-points.js';

/** Refuses, before it is queued, what could only fail: a well-formed request that no worker can do. */
@Injectable()
export class Admission {
  constructor(
    private readonly datasets: DatasetLibrary,
    private readonly models: ModelLibrary,
    private readonly startingPoints: StartingPoints,
    private readonly promptFiles: PromptFiles,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * The job that a request asks for, with the checkpoints that it goes on from. Throws the problems `unknown_dataset`
   * and `would_not_fit`, the dataset errors of `checkTrainable`, and what {@link StartingPoints} throws.
   */
  async admitTrain(request: TrainRequest): Promise<JobDraft> {
    const { dataset: id, model, training, initFrom, resumeFrom } = request;
    const text = await this.datasets.find(id);
    if (!text) {
      throw new Problem('unknown_dataset', `dataset: there is no "${id}". GET /api/datasets lists what there is.`);
    }
    checkTrainable(text, { blockSize: model.blockSize, validationFraction: training.validationFraction });
    const estimateBytes = trainingMemoryBytes(model, training, text);
    const availableBytes = this.config.maxJobMemoryBytes;
    if (estimateBytes > availableBytes) {
      const detail =
        `This training takes about ${mebibytes(estimateBytes)}, and a job may take ${mebibytes(availableBytes)} ` +
        '(MAX_JOB_MEMORY_BYTES). Take a smaller batchSize, model or text.';
      throw new Problem('would_not_fit', detail, { members: { estimateBytes, availableBytes } });
    }
    if (initFrom) await this.startingPoints.checkInitFrom(initFrom, model, text.vocabularySize);
    if (resumeFrom === undefined) return { kind: 'train', request };
    const checkpoints = await this.startingPoints.checkpointsToResume(resumeFrom, request);
    return { kind: 'train', request, checkpoints };
  }

  /**
   * The job that a request asks for. Throws the problems `unknown_model`, `unknown_dataset`, `not_json_lines` and
   * `job_too_large`.
   */
  async admitGenerate(request: GenerateRequest): Promise<JobDraft> {
    const { model, prompts = [], promptsDataset } = request;
    if (!(await this.models.find(model))) {
      throw new Problem('unknown_model', `model: there is no "${model}". GET /api/models lists what there is.`);
    }
    if (promptsDataset === undefined) return { kind: 'generate', request, promptCount: prompts.length };
    if (!(await this.datasets.find(promptsDataset))) {
      const detail = `promptsDataset: there is no "${promptsDataset}". GET /api/datasets lists what there is.`;
      throw new Problem('unknown_dataset', detail);
    }
    const promptCount = await this.promptFiles.countLines(promptsDataset);
    const excess = excessOf(request, promptCount);
    if (!excess) return { kind: 'generate', request, promptCount };
    const detail = `${excess.field}: ${promptsDataset} has ${promptCount} lines, and ${excess.message}.`;
    throw new Problem('job_too_large', detail, { members: { lines: promptCount } });
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
