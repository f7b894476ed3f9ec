import { z } from 'zod';
import { blockSize, dropout, nEmbd } from '../model-fields.js';
import type { KindFacts } from './kind-facts.js';
import { embeddingCount, NETWORK_TRAINING_DEFAULTS, networkTokenNumbers } from './network-facts.js';

/** Embeddings of tokens and positions, and the plain mean of the past: a bag of words. */
export const averagingConfig = z.strictObject({
  kind: z.literal('averaging'),
  nEmbd,
  blockSize: blockSize.default(64),
  dropout,
});
export type AveragingConfig = z.output<typeof averagingConfig>;

export const averagingFacts: KindFacts<AveragingConfig> = {
  parameterCount: (model, vocabularySize) =>
    embeddingCount(model, vocabularySize) + model.nEmbd ** 2 + vocabularySize * model.nEmbd,
  layerCount: () => 1,
  tokenNumbers: (model, vocabularySize) => networkTokenNumbers(model, vocabularySize, 4 * model.nEmbd),
  rowScores: () => 0,
  trainingDefaults: NETWORK_TRAINING_DEFAULTS,
};
