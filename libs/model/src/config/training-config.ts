import { z } from 'zod';

/** Largest batch in tokens (`batchSize` × `blockSize`) that a request may ask for. */
export const MAX_BATCH_TOKENS = 4_194_304;

/** The warm-up that is chosen for a training run: nanoGPT's 100 of 2,000 steps, and the same share of fewer. */
export const MOST_WARMUP_STEPS = 100;

const fraction = z.number().min(0);

/**
 * How a model is trained. Every field may be left out; `completeTrainingConfig` fills the gaps with the
 * defaults of the model's kind. 0 turns warm-up, decay, clipping, accumulation, patience and sampling off.
 */
export const trainingConfig = z.strictObject({
  maxSteps: z.int().min(1).max(10_000_000).describe('Optimizer steps.'),
  batchSize: z.int().min(1).max(1_048_576).describe('Sequences per step.'),
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

/** What decides which tokens a step sees: a training run that continues from a checkpoint keeps it, and may change the rest. */
export const KEPT_TRAINING_SETTINGS = [
  'seed',
  'batchSize',
  'gradientAccumulationSteps',
  'validationFraction',
] as const satisfies readonly (keyof TrainingConfig)[];

/** What a client may say of the training: any of the fields. */
export const partialTrainingConfig = trainingConfig.partial();
export type PartialTrainingConfig = z.output<typeof partialTrainingConfig>;

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
