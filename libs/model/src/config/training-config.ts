import { z } from 'zod';
import type { ModelKind } from './model-config.js';

/** Largest batch in tokens (`batchSize` × `blockSize`) that a request may ask for. */
export const MAX_BATCH_TOKENS = 4_194_304;

/** The warm-up that is chosen for a training: nanoGPT's 100 of 2,000 steps, and the same share of fewer. */
const MOST_WARMUP_STEPS = 100;
const STEPS_PER_WARMUP_STEP = 20;

/** The learning rate over the floor that is chosen for a cosine schedule: nanoGPT's. */
const RATE_OVER_FLOOR = 10;

const fraction = z.number().min(0);

/**
 * How a model is trained. Every field may be left out; {@link completeTrainingConfig} fills the gaps with the
 * defaults of the model's kind. 0 turns warm-up, decay, clipping, accumulation, patience and sampling off.
 */
export const trainingConfig = z.strictObject({
  maxSteps: z.int().min(1).max(10_000_000).describe('Optimizer steps.'),
  batchSize: z.int().min(1).max(1_048_576).describe('Sequences a step.'),
  gradientAccumulationSteps: z
    .int()
    .min(0)
    .max(65_536)
    .describe('Batches whose gradients make one step; 0 and 1 are no accumulation.'),
  learningRate: z.number().positive().max(10),
  minLearningRate: fraction
    .max(10)
    .describe('Where the cosine schedule ends, at most learningRate; left out: a tenth of it. Constant: not used.'),
  warmupSteps: z
    .int()
    .min(0)
    .describe(
      'Steps over which the learning rate rises linearly, fewer than maxSteps; 0 is none. ' +
        `Left out: none for a bigram, otherwise a twentieth of maxSteps, ${MOST_WARMUP_STEPS} at most.`,
    ),
  schedule: z
    .enum(['constant', 'cosine'])
    .describe('Of the learning rate after the warm-up. Left out: constant for a bigram, otherwise cosine.'),
  weightDecay: fraction.max(10),
  beta1: fraction.lt(1),
  beta2: fraction.lt(1),
  gradientClip: fraction.describe('Largest global norm of the gradients; 0 is no clipping.'),
  validationFraction: z.number().gt(0).lt(1).describe('The end of the text that is held out.'),
  evalInterval: z.int().min(1).describe('Steps between evaluations.'),
  evalBatches: z.int().min(1).max(10_000).describe('Batches an evaluation on the way takes of each split.'),
  patience: z
    .int()
    .min(0)
    .describe('Evaluations without a lower validation loss after which the training stops; 0 is never.'),
  export: z
    .enum(['best', 'last'])
    .describe('Which weights are published: those of the lowest validation loss, or the last.'),
  checkpointIntervalSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .describe('Time between checkpoints; 0 is none but at a pause.'),
  sampleInterval: z.int().min(0).describe('Steps between sampled texts; 0 is none but the first and the last.'),
  seed: z.int().min(0).max(0xffff_ffff),
});
export type TrainingConfig = z.output<typeof trainingConfig>;

/** What decides which tokens a step sees: a training that goes on from a checkpoint keeps it, and may change the rest. */
export const KEPT_TRAINING_SETTINGS = [
  'seed',
  'batchSize',
  'gradientAccumulationSteps',
  'validationFraction',
] as const satisfies readonly (keyof TrainingConfig)[];

/** What a client may say of the training: any of the fields. */
export const partialTrainingConfig = trainingConfig.partial();
export type PartialTrainingConfig = z.output<typeof partialTrainingConfig>;

/** What is chosen for a kind where the client says nothing; floor and warm-up follow from the rate and the steps. */
type Defaults = Omit<TrainingConfig, 'minLearningRate' | 'warmupSteps'> & { warmsUp: boolean };

const shared = {
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
} as const;

/** nanoGPT's documented configuration for a CPU; the kinds below a gpt train alike, so that they can be compared. */
const nanoGpt: Defaults = {
  ...shared,
  maxSteps: 2000,
  batchSize: 12,
  learningRate: 1e-3,
  warmsUp: true,
  schedule: 'cosine',
  weightDecay: 0.1,
  beta2: 0.99,
  gradientClip: 1,
};

const defaults: Record<ModelKind, Defaults> = {
  bigram: {
    ...shared,
    maxSteps: 10_000,
    batchSize: 1024,
    learningRate: 1e-3,
    warmsUp: false,
    schedule: 'constant',
    weightDecay: 0.01,
    beta2: 0.999,
    gradientClip: 0,
  },
  averaging: nanoGpt,
  attention: nanoGpt,
  'multi-head': nanoGpt,
  gpt: nanoGpt,
};

/**
 * The whole configuration: what the client said, and the defaults of the model's kind for the rest. The schedule's
 * floor and warm-up that are left out follow the rate and the steps that are given, so they never contradict them.
 */
export function completeTrainingConfig(kind: ModelKind, given: PartialTrainingConfig): TrainingConfig {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { warmsUp, ...settings } = { ...defaults[kind], ...said };
  const { schedule, learningRate, maxSteps } = settings;
  const complete = trainingConfig.parse({
    minLearningRate: schedule === 'cosine' ? rounded(learningRate / RATE_OVER_FLOOR) : learningRate,
    warmupSteps: warmsUp ? Math.min(MOST_WARMUP_STEPS, Math.floor(maxSteps / STEPS_PER_WARMUP_STEP)) : 0,
    ...settings,
  });
  // 0 means what 1 does; with one number for it trainings can be compared.
  return { ...complete, gradientAccumulationSteps: Math.max(1, complete.gradientAccumulationSteps) };
}

/** Where a configuration contradicts itself: the field to change, and what is wrong. Empty for what was left out. */
export function trainingContradictions({
  learningRate,
  minLearningRate,
  warmupSteps,
  maxSteps,
}: TrainingConfig): { field: keyof TrainingConfig; message: string }[] {
  const found: { field: keyof TrainingConfig; message: string }[] = [];
  if (minLearningRate > learningRate) {
    const message = `minLearningRate is ${minLearningRate}, above the learningRate of ${learningRate}; take at most that, or leave it out for a tenth of it`;
    found.push({ field: 'minLearningRate', message });
  }
  if (warmupSteps > 0 && warmupSteps >= maxSteps) {
    const message = `warmupSteps is ${warmupSteps}, but with maxSteps ${maxSteps} the learning rate would never be reached; take at most ${maxSteps - 1}, or leave it out`;
    found.push({ field: 'warmupSteps', message });
  }
  return found;
}

/** In as many digits as people write: 0.0003 / 10 is 0.00003 and not 0.000029999999999999997. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(12));
}
