import { jobError, jobEvent, trainProgress } from '@glyphmill/contract';
import { modelConfig, trainingConfig } from '@glyphmill/model/config';
import { z } from 'zod';

/** A checkpoint that a training run may continue from; the folder is null if its files are gone. */
const resumePoint = z.object({ step: z.int(), folder: z.string().nullable() });
export type ResumePoint = z.output<typeof resumePoint>;

/** One training run, from the newest checkpoint that can be read; then the process ends. */
const trainCommand = z.object({
  type: z.literal('train'),
  /** Where the text is, as the file `content`, and how long it is. */
  dataset: z.object({ folder: z.string(), bytes: z.int() }),
  exportFolder: z.string(),
  model: modelConfig,
  training: trainingConfig,
  initFrom: z
    .object({ folder: z.string(), vocabulary: z.enum(['same', 'by-character']), positions: z.enum(['same', 'resize']) })
    .optional(),
  /** Newest first. */
  checkpoints: z.array(resumePoint),
  /** Whether the training is another job's that continues, so that there is no beginning to fall back on. */
  mustResume: z.boolean(),
  /** The finished job that this one continues (`resumeFrom`). */
  continues: z.string().optional(),
  about: z.object({
    modelId: z.string(),
    name: z.string(),
    job: z.string(),
    dataset: z.object({ id: z.string(), name: z.string(), sha256: z.string() }),
  }),
});
export type TrainCommand = z.output<typeof trainCommand>;

/** A checkpoint, into an empty folder; with `thenStop` no step is taken after it, whose time the writing then has. */
const checkpointCommand = z.object({ type: z.literal('checkpoint'), folder: z.string(), thenStop: z.boolean() });
export type CheckpointCommand = z.output<typeof checkpointCommand>;

/** What the worker asks of a training engine: one training run, and checkpoints of it. */
export const trainingCommand = z.discriminatedUnion('type', [trainCommand, checkpointCommand]);
export type TrainingCommand = z.output<typeof trainingCommand>;

/** What a training engine sends the worker. */
export const trainingReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), device: z.string(), libraries: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('progress'), progress: trainProgress }),
  z.object({ type: z.literal('event'), event: jobEvent }),
  z.object({ type: z.literal('checkpoint-written'), step: z.int() }),
  z.object({ type: z.literal('checkpoint-failed'), error: jobError }),
  /** The last step was taken; a checkpoint of it can be asked for from now on, also after `done`. */
  z.object({ type: z.literal('last-step'), step: z.int() }),
  z.object({ type: z.literal('done'), trainLoss: z.number(), validationLoss: z.number() }),
  z.object({ type: z.literal('failed'), error: jobError }),
]);
export type TrainingReport = z.output<typeof trainingReport>;
