import { type BatchItem, excessOf, type GenerateRequest, type TrainRequest } from '@glyphmill/contract';
import { checkTrainable } from '@glyphmill/data';
import type { JobDraft } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { ModelLibrary } from '../models/model-library.js';
import { Problem } from '../problem/problem.js';
import { problemOf } from '../problem/problem-of.js';
import { KnownArtifacts } from './known-artifacts.js';
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
  async admitTrain(request: TrainRequest, known = this.look()): Promise<JobDraft & { kind: 'train' }> {
    const { dataset: id, model, training, initFrom, resumeFrom } = request;
    const text = await known.dataset(id);
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
    if (initFrom) await this.startingPoints.checkInitFrom(initFrom, model, text);
    if (resumeFrom === undefined) return { kind: 'train', request };
    const checkpoints = await this.startingPoints.checkpointsToResume(resumeFrom, request);
    return { kind: 'train', request, checkpoints };
  }

  /**
   * The job that a request asks for. Throws the problems `unknown_model`, `unknown_dataset`, `not_json_lines` and
   * `job_too_large`.
   */
  async admitGenerate(request: GenerateRequest, known = this.look()): Promise<JobDraft & { kind: 'generate' }> {
    const { model, prompts = [], promptsDataset } = request;
    if (!(await known.model(model))) {
      throw new Problem('unknown_model', `model: there is no "${model}". GET /api/models lists what there is.`);
    }
    if (promptsDataset === undefined) return { kind: 'generate', request, promptCount: prompts.length };
    const file = await known.dataset(promptsDataset);
    if (!file) {
      const detail = `promptsDataset: there is no "${promptsDataset}". GET /api/datasets lists what there is.`;
      throw new Problem('unknown_dataset', detail);
    }
    const promptCount = await known.promptLines(promptsDataset);
    const excess = excessOf(request, { promptCount, promptBytes: file.bytes });
    if (!excess) return { kind: 'generate', request, promptCount };
    const detail = `${excess.field}: ${promptsDataset} has ${promptCount} ${promptCount === 1 ? 'line' : 'lines'}, and ${excess.message}.`;
    throw new Problem('job_too_large', detail, { members: { lines: promptCount } });
  }

  /** The jobs that the requests of a batch ask for. Throws the problem of the first that could only fail, naming it. */
  async admitBatch(items: BatchItem[]): Promise<JobDraft[]> {
    const known = this.look();
    const drafts: JobDraft[] = [];
    for (const [place, { kind, request }] of items.entries()) {
      try {
        drafts.push(
          kind === 'train' ? await this.admitTrain(request, known) : await this.admitGenerate(request, known),
        );
      } catch (error) {
        throw problemOfItem(error, place);
      }
    }
    return drafts;
  }

  private look(): KnownArtifacts {
    return new KnownArtifacts(this.datasets, this.models, this.promptFiles);
  }
}

/** What is wrong with one request of a batch; what is wrong with the server stays as it is. */
function problemOfItem(error: unknown, place: number): unknown {
  const problem = problemOf(error, '');
  return problem.status >= 500
    ? error
    : new Problem(problem.code, `items[${place}]: ${problem.message}`, problem.extras);
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
