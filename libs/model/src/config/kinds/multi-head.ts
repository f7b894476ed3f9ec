import { z } from 'zod';
import { blockSize, dropout, nEmbd, nHead, requireWholeHeads } from '../model-fields.js';
import type { KindFacts } from './kind-facts.js';
import { embeddingCount, headNumbers, NETWORK_TRAINING_DEFAULTS, networkTokenNumbers } from './network-facts.js';

/** Several heads of causal self-attention side by side, mixed by a projection. */
export const multiHeadConfig = z
  .strictObject({
    kind: z.literal('multi-head'),
    nHead,
    nEmbd,
    blockSize: blockSize.default(64),
    dropout,
  })
  .superRefine(requireWholeHeads);
export type MultiHeadConfig = z.output<typeof multiHeadConfig>;

export const multiHeadFacts: KindFacts<MultiHeadConfig> = {
  parameterCount: (model, vocabularySize) =>
    embeddingCount(model, vocabularySize) + 4 * model.nEmbd ** 2 + vocabularySize * model.nEmbd,
  layerCount: () => 1,
  tokenNumbers: (model, vocabularySize) =>
    networkTokenNumbers(model, vocabularySize, 12 * model.nEmbd + model.nHead * headNumbers(model)),
  rowScores: ({ nHead: heads }) => heads,
  trainingDefaults: NETWORK_TRAINING_DEFAULTS,
};
