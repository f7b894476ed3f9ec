import { checkTrainable } from '@glyphmill/data';
import type { GenerateRequest, TrainRequest } from '@glyphmill/jobs';
import { trainingMemoryBytes } from '@glyphmill/model/config';
import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { DatasetLibrary } from '../datasets/dataset-library.js';
import { ModelLibrary } from '../models/model-library.js';
import { Problem } from '../problem/problem.js';

/** Refuses, before it is queued, what could only fail: a well-formed request that no worker can do. */
@Injectable()
export class Admission {
  constructor(
    private readonly datasets: DatasetLibrary,
    private readonly models: ModelLibrary,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** Throws the problems `unknown_dataset` and `would_not_fit`, and the dataset errors of `checkTrainable`. */
  async checkTrain({ dataset: id, model, training }: TrainRequest): Promise<void> {
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
  }

  /** Throws the problem `unknown_model`. */
  async checkGenerate({ model }: GenerateRequest): Promise<void> {
    if (await this.models.find(model)) return;
    throw new Problem('unknown_model', `model: there is no "${model}". GET /api/models lists what there is.`);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
