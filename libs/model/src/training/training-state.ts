import { z } from 'zod';
import { trainingMetric, trainingSample } from './training-reports.js';

const step = z.int().min(0);
const word = z.int().min(0).max(0xffff_ffff);

/** Where a training run is, apart from what its learner has learned. Plain JSON. */
export const trainingState = z.object({
  /** Steps taken. */
  step,
  tokensSeen: z.int().min(0),
  /** The cursor of the batches: where the sampler's random stream is. */
  sampler: z.object({ seed: word, stream: z.array(word).max(3), drawn: z.int().min(0) }),
  /** The loss and the gradients' norm of the last step. */
  trainLoss: z.number().nullable(),
  gradientNorm: z.number().nullable(),
  /** The step at which it was last evaluated, and last wrote a sample, so that a resumed training run does neither twice. */
  evaluatedAt: step.nullable(),
  sampledAt: step.nullable(),
  /** The evaluation with the lowest validation loss after the first step. */
  best: z
    .object({
      step,
      validationLoss: z.number(),
      /** Over how many batches it was measured; absent before version 0.2: as the training's settings say. */
      evalBatches: z.int().min(1).optional(),
    })
    .nullable(),
  /** The finished training run that this one continues, if any; its evaluations do not count against this one's patience. */
  continues: z.string().optional(),
  /** Evaluations since the best. */
  staleEvaluations: z.int().min(0),
  metrics: z.array(trainingMetric),
  samples: z.array(trainingSample),
});
export type TrainingState = z.output<typeof trainingState>;
