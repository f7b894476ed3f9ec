import { modelConfig, trainingConfig } from '@glyphmill/model/config';
import { z } from 'zod';
import { median } from './figure.js';

/** One training run that a process, ours or the peer's, is to do and measure; its only argument, in JSON. */
export const trainingOrder = z.object({
  textFile: z.string(),
  model: modelConfig,
  training: trainingConfig,
  /** Ends the training after so many steps, without the losses over whole splits. */
  stopAfter: z.int().min(1).optional(),
  /** A folder with the weights to start from; left out: the process draws its own. */
  startFolder: z.string().optional(),
  /** Where the weights go that the training ends with. */
  endFolder: z.string().optional(),
});
export type TrainingOrder = z.input<typeof trainingOrder>;

/** What the process reports. Times are milliseconds since 1970, losses nats per token. */
export const trainingReport = z.object({
  /** Milliseconds before the first step in which the program was recorded; 0 if nothing is. */
  recordingMs: z.number(),
  /** Just before the first step. */
  beganAtMs: z.number(),
  /** When each step had ended, and the loss of its batch. */
  steps: z.array(z.object({ atMs: z.number(), loss: z.number() })).min(1),
  /** Evaluations on the way. */
  metrics: z.array(
    z.object({ atMs: z.number(), step: z.int(), validationLoss: z.number(), tokensPerSecond: z.number() }),
  ),
  /** Over whole splits. */
  trainLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  /** The validation loss in bits per byte of the text. */
  bitsPerByte: z.number().nullable(),
  /** How many numbers were trained; unknown where the training was ended early. */
  parameters: z.int().nullable(),
  /** The most memory that the process held. */
  peakMemoryBytes: z.number(),
  library: z.string(),
});
export type TrainingReport = z.output<typeof trainingReport>;

/** A step's median time in milliseconds, without the first `warmUpSteps`. */
export function stepMs({ steps }: TrainingReport, warmUpSteps: number): number {
  const times = steps.slice(1).map(({ atMs }, index) => atMs - steps[index]!.atMs);
  return median(times.slice(warmUpSteps));
}

/**
 * Recording, and what the first `warmUpSteps` took beyond as many later ones, in milliseconds: a graph or a model is
 * compiled in them.
 */
export function preparationMs(report: TrainingReport, warmUpSteps: number): number {
  const { recordingMs, beganAtMs, steps } = report;
  return recordingMs + steps[warmUpSteps - 1]!.atMs - beganAtMs - warmUpSteps * stepMs(report, warmUpSteps);
}
