import type { TrainingConfig } from '../training-config.js';

/** What is chosen for a kind if the client says nothing; floor and warm-up follow from the rate and the steps. */
export type TrainingDefaults = Omit<TrainingConfig, 'minLearningRate' | 'warmupSteps'> & { warmsUp: boolean };

/** What is known of a kind of models without any runtime, beside the schema of its configuration. */
export interface KindFacts<Config> {
  /** How many trainable numbers a model has over a vocabulary of `vocabularySize` tokens. */
  parameterCount(model: Config, vocabularySize: number): number;
  /** How many layers the graph of a step has that are alike. */
  layerCount(model: Config): number;
  /** How many numbers a step keeps for each token of its batch between the forward and the backward pass. */
  tokenNumbers(model: Config, vocabularySize: number): number;
  /** How many matrices of block × block scores one row has at once. */
  rowScores(model: Config): number;
  trainingDefaults: TrainingDefaults;
}
