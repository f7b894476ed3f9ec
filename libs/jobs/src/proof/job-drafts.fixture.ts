import { generateRequest, trainRequest } from '@glyphmill/contract';
import type { JobDraft } from '../kinds/job-draft.js';

/** A small train job that is to be. */
export function trainDraft(more: object = {}): JobDraft & { kind: 'train' } {
  return { kind: 'train', request: trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' }, ...more }) };
}

/** A small generate job that is to be. */
export function generateDraft(more: object = {}): JobDraft & { kind: 'generate' } {
  const request = generateRequest.parse({ model: 'model_1', prompts: ['a'], ...more });
  return { kind: 'generate', request, promptCount: request.prompts?.length ?? 0 };
}

/** A generate job of so many shards, whose prompts are a dataset's. */
export function shardedDraft(shards: number, more: object = {}): JobDraft & { kind: 'generate' } {
  const request = generateRequest.parse({ model: 'model_1', promptsDataset: 'dataset_1', maxNewTokens: 4, ...more });
  return { kind: 'generate', request, promptCount: shards * PROMPTS_PER_SHARD };
}

/** How many prompts one shard of {@link shardedDraft} has. */
const PROMPTS_PER_SHARD = 256;
