import { z } from 'zod';
import { blockSize, dropout, nEmbd } from '../model-fields.js';
import type { KindFacts } from './kind-facts.js';
import { embeddingCount, headNumbers, NETWORK_TRAINING_DEFAULTS, networkTokenNumbers } from './network-facts.js';

/** One head of causal self-attention: a mean of the past, weighted by what each token looks for. */
export const attentionConfig = z.strictObject({
  kind: z.literal('attention'),
  nEmbd,
  blockSize: blockSize.default(64),
  dropout,
});
export type AttentionConfig = z.output<typeof attentionConfig>;

export const attentionFacts: KindFacts<AttentionConfig> = {
  parameterCount: (model, vocabularySize) =>
    embeddingCount(model, vocabularySize) + 3 * model.nEmbd ** 2 + vocabularySize * model.nEmbd,
  layerCount: () => 1,
  tokenNumbers: (model, vocabularySize) =>
    networkTokenNumbers(model, vocabularySize, 10 * model.nEmbd + headNumbers(model)),
  rowScores: () => 1,
  trainingDefaults: NETWORK_TRAINING_DEFAULTS,
};
