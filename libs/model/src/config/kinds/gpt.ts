import { z } from 'zod';
import { blockSize, dropout, MODEL_LIMITS, nEmbd, nHead, requireWholeHeads } from '../model-fields.js';
import type { KindFacts } from './kind-facts.js';
import { embeddingCount, headNumbers, NETWORK_TRAINING_DEFAULTS, networkTokenNumbers } from './network-facts.js';

/** GPT-2's architecture, as nanoGPT has it: blocks of multi-head attention and feed-forward with layer norm. */
export const gptConfig = z
  .strictObject({
    kind: z.literal('gpt'),
    nLayer: z.int().min(1).max(MODEL_LIMITS.nLayer).default(4).describe('Blocks of attention and feed-forward.'),
    nHead,
    nEmbd,
    blockSize: blockSize.default(64),
    dropout,
    bias: z.boolean().default(false).describe('Whether linear layers and layer norms have a bias.'),
  })
  .superRefine(requireWholeHeads);
export type GptConfig = z.output<typeof gptConfig>;

export const gptFacts: KindFacts<GptConfig> = {
  parameterCount(model, vocabularySize) {
    const { nEmbd: width, nLayer, bias } = model;
    // A block: 3 + 1 matrices of attention, 4 + 4 of the feed-forward, and two layer norms. The head is tied.
    const blockBiases = bias ? (3 + 1 + 4 + 1 + 2) * width : 0;
    const block = 12 * width ** 2 + 2 * width + blockBiases;
    return embeddingCount(model, vocabularySize) + nLayer * block + (bias ? 2 : 1) * width;
  },
  layerCount: ({ nLayer }) => nLayer,
  tokenNumbers(model, vocabularySize) {
    const blockNumbers = 26 * model.nEmbd + model.nHead * headNumbers(model);
    return networkTokenNumbers(model, vocabularySize, model.nLayer * blockNumbers);
  },
  rowScores: ({ nHead: heads }) => heads,
  trainingDefaults: NETWORK_TRAINING_DEFAULTS,
};
