import type { TrainingDefaults } from './kind-facts.js';

/*
 * What the kinds have in common that are networks: embeddings of tokens and positions, layers, a head. The factors are
 * fitted to measured peaks (memory-estimate.ts).
 */

/** Arrays of logits of a batch. */
const BATCH_LOGITS = 6;

/** Arrays of the scores of a head of attention that each layer keeps. */
const LAYER_SCORES = 4;
const DROPOUT_SCORES = 2;

interface Width {
  nEmbd: number;
  blockSize: number;
}

/** The numbers of the embeddings of tokens and positions. */
export function embeddingCount({ nEmbd, blockSize }: Width, vocabularySize: number): number {
  return (vocabularySize + blockSize) * nEmbd;
}

/** What a step keeps for a token: of logits and embeddings, and `layerNumbers` of the layers between them. */
export function networkTokenNumbers({ nEmbd }: Width, vocabularySize: number, layerNumbers: number): number {
  return BATCH_LOGITS * vocabularySize + 8 * nEmbd + layerNumbers;
}

/** What a head of attention keeps for a token: its scores hold a number for each token of the block. */
export function headNumbers({ blockSize, dropout }: { blockSize: number; dropout: number }): number {
  return blockSize * (LAYER_SCORES + (dropout > 0 ? DROPOUT_SCORES : 0));
}

export const SHARED_TRAINING_DEFAULTS = {
  beta1: 0.9,
  validationFraction: 0.1,
  evalInterval: 250,
  evalBatches: 20,
  gradientAccumulationSteps: 1,
  patience: 0,
  export: 'best',
  checkpointIntervalSeconds: 30,
  sampleInterval: 500,
  seed: 1337,
} as const satisfies Partial<TrainingDefaults>;

/** nanoGPT's documented configuration for a CPU; the kinds below a gpt train alike, so that they can be compared. */
export const NETWORK_TRAINING_DEFAULTS: TrainingDefaults = {
  ...SHARED_TRAINING_DEFAULTS,
  maxSteps: 2000,
  batchSize: 12,
  learningRate: 1e-3,
  warmsUp: true,
  schedule: 'cosine',
  weightDecay: 0.1,
  beta2: 0.99,
  gradientClip: 1,
};
