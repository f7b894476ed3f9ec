import { jobError, jobEvent, trainProgress } from '@glyphmill/jobs';
import { modelConfig, trainingConfig } from '@glyphmill/model/config';
import { z } from 'zod';

/** What the worker asks of a training engine: one training, then the process ends. */
export const trainingCommand = z.object({
  type: z.literal('train'),
  datasetFile: z.string(),
  exportFolder: z.string(),
  model: modelConfig,
  training: trainingConfig,
  about: z.object({
    modelId: z.string(),
    name: z.string(),
    job: z.string(),
    dataset: z.object({ id: z.string(), name: z.string(), sha256: z.string() }),
  }),
});
export type TrainingCommand = z.output<typeof trainingCommand>;

/** What a training engine tells the worker. */
export const trainingReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), device: z.string(), libraries: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('progress'), progress: trainProgress }),
  z.object({ type: z.literal('event'), event: jobEvent }),
  z.object({ type: z.literal('done'), trainLoss: z.number(), validationLoss: z.number() }),
  z.object({ type: z.literal('failed'), error: jobError }),
]);
export type TrainingReport = z.output<typeof trainingReport>;
