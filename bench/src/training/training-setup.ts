import { completeTrainingConfig } from '@glyphmill/model/config';
import type { TrainingOrder } from '../training-report.js';

/** What nanoGPT documents for a CPU, in full: also what `kind: 'gpt'` trains when a request says no more. */
export const NANO_GPT = {
  model: { kind: 'gpt', nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 64, dropout: 0, bias: false },
  training: completeTrainingConfig('gpt', {
    maxSteps: 2000,
    batchSize: 12,
    learningRate: 1e-3,
    minLearningRate: 1e-4,
    warmupSteps: 100,
    schedule: 'cosine',
    weightDecay: 0.1,
    beta1: 0.9,
    beta2: 0.99,
    gradientClip: 1,
    // Next to nothing is done between the steps.
    evalInterval: 2000,
    evalBatches: 1,
    sampleInterval: 0,
  }),
} as const satisfies Pick<TrainingOrder, 'model' | 'training'>;

/** How much is measured. */
export interface Extent {
  /** How often each contestant's process runs, in turn. */
  rounds: number;
  /** Steps of a process; the first of them, in which things are compiled, do not count. */
  steps: number;
  warmUpSteps: number;
  agreementSteps: number;
  qualitySteps: number;
  bigramSteps: number;
  /** Steps from one event of the road to the next, of which the time is taken. */
  roadSteps: number;
}

export const WHOLE: Extent = {
  rounds: 5,
  steps: 210,
  warmUpSteps: 10,
  agreementSteps: 100,
  qualitySteps: 2000,
  bigramSteps: 1000,
  roadSteps: 500,
};

/** Enough to see that everything runs; the figures say nothing. */
export const QUICK: Extent = {
  rounds: 1,
  steps: 8,
  warmUpSteps: 3,
  agreementSteps: 5,
  qualitySteps: 10,
  bigramSteps: 20,
  roadSteps: 20,
};

/** What every part of the benchmark is given. */
export interface TrainingSetup {
  /** A UTF-8 text to train on. */
  textFile: string;
  /** A Python interpreter that can import torch. */
  python: string;
  extent: Extent;
  /** For files that are needed while it runs. */
  folder: string;
  say: (line: string) => void;
}
