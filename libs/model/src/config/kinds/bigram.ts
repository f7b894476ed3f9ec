import { z } from 'zod';
import { blockSize } from '../model-fields.js';
import type { KindFacts } from './kind-facts.js';
import { SHARED_TRAINING_DEFAULTS } from './network-facts.js';

/** A V×V table of next-token logits: each token is predicted from the one before it. */
export const bigramConfig = z.strictObject({
  kind: z.literal('bigram'),
  blockSize: blockSize.default(8),
});
export type BigramConfig = z.output<typeof bigramConfig>;

export const bigramFacts: KindFacts<BigramConfig> = {
  parameterCount: (_model, vocabularySize) => vocabularySize * vocabularySize,
  layerCount: () => 1,
  // Its loss sees a batch only through its V×V pair counts; ids of inputs and targets are all that grows.
  tokenNumbers: () => 4,
  rowScores: () => 0,
  trainingDefaults: {
    ...SHARED_TRAINING_DEFAULTS,
    maxSteps: 10_000,
    batchSize: 1024,
    learningRate: 1e-3,
    warmsUp: false,
    schedule: 'constant',
    weightDecay: 0.01,
    beta2: 0.999,
    gradientClip: 0,
  },
};
