import { Catalog, NotJsonLinesError, TooManyLinesError } from '@glyphmill/catalog';
import { type BatchItem, excessOf, type GenerateRequest, type TrainRequest } from '@glyphmill/contract';
import { checkTrainable } from '@glyphmill/data';
import type { JobDraft } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { KnownArtifacts } from './known-artifacts.js';
import { BatchItemError, Refusal } from './refusal.js';
import { StartingPoints } from './starting-points.js';

/** Refuses, before it is queued, what could only fail: a well-formed request that no worker can do. */
@Injectable()
export class Admission {
  constructor(
    private readonly catalog: Catalog,
    private readonly startingPoints: StartingPoints,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * The job that a request asks for, with the checkpoints that it continues from. Throws a {@link Refusal}
   * (`unknown_dataset`, `would_not_fit`), the dataset errors of `checkTrainable`, and what {@link StartingPoints} throws.
   */
  async admitTrain(request: TrainRequest, known = this.look()): Promise<JobDraft & { kind: 'train' }> {
    const { dataset: id, model, training, initFrom, resumeFrom } = request;
    const text = await known.dataset(id);
    if (!text) throw new Refusal('unknown_dataset', `there is no "${id}"`, { field: 'dataset' });
    checkTrainable(text, { blockSize: model.blockSize, validationFraction: training.validationFraction });
    const estimateBytes = trainingMemoryBytes(model, training, text);
    const availableBytes = this.config.maxJobMemoryBytes;
    if (estimateBytes > availableBytes) {
      const reason =
        `This training run takes about ${mebibytes(estimateBytes)}, and a job may take ${mebibytes(availableBytes)} ` +
        '(MAX_JOB_MEMORY_BYTES)';
      const remedy = 'Take a smaller batchSize, model or text.';
      throw new Refusal('would_not_fit', reason, { remedy, facts: { estimateBytes, availableBytes } });
    }
    if (initFrom) await this.startingPoints.checkInitFrom(initFrom, model, text);
    if (resumeFrom === undefined) return { kind: 'train', request };
    const checkpoints = await this.startingPoints.checkpointsToResume(resumeFrom, request);
    return { kind: 'train', request, checkpoints };
  }

  /**
   * The job that a request asks for. Throws a {@link Refusal} (`unknown_model`, `unknown_dataset`,
   * `not_json_lines`, `job_too_large`).
   */
  async admitGenerate(request: GenerateRequest, known = this.look()): Promise<JobDraft & { kind: 'generate' }> {
    const { model, prompts = [], promptsDataset } = request;
    if (!(await known.model(model))) {
      throw new Refusal('unknown_model', `there is no "${model}"`, { field: 'model' });
    }
    if (promptsDataset === undefined) return { kind: 'generate', request, promptCount: prompts.length };
    const file = await known.dataset(promptsDataset);
    if (!file) throw new Refusal('unknown_dataset', `there is no "${promptsDataset}"`, { field: 'promptsDataset' });
    const promptCount = await known.promptLines(promptsDataset).catch((error: unknown) => {
      throw promptFileRefusal(error, promptsDataset);
    });
    const excess = excessOf(request, { promptCount, promptBytes: file.bytes });
    if (!excess) return { kind: 'generate', request, promptCount };
    const reason = `${promptsDataset} has ${promptCount} ${promptCount === 1 ? 'line' : 'lines'}, and ${excess.message}`;
    throw new Refusal('job_too_large', reason, { field: excess.field, facts: { lines: promptCount } });
  }

  /** The jobs that the requests of a batch ask for. Throws a {@link BatchItemError} for the first that could only fail. */
  async admitBatch(items: BatchItem[]): Promise<JobDraft[]> {
    const known = this.look();
    const drafts: JobDraft[] = [];
    for (const [place, { kind, request }] of items.entries()) {
      try {
        drafts.push(
          kind === 'train' ? await this.admitTrain(request, known) : await this.admitGenerate(request, known),
        );
      } catch (error) {
        throw new BatchItemError(place, error);
      }
    }
    return drafts;
  }

  private look(): KnownArtifacts {
    return new KnownArtifacts(this.catalog);
  }
}

/** Why a dataset cannot be a job's prompts; any other error as it is. */
function promptFileRefusal(error: unknown, dataset: string): unknown {
  const field = 'promptsDataset';
  if (error instanceof NotJsonLinesError) return new Refusal('not_json_lines', error.message, { field });
  if (!(error instanceof TooManyLinesError)) return error;
  const reason = `${dataset} has more than ${error.limit} lines, and a job may have as many prompts`;
  return new Refusal('job_too_large', reason, { field, remedy: 'Split it into several datasets.' });
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
