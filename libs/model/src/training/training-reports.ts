import { z } from 'zod';

/** Where a training run is; losses are in nats per token, and the train loss is that of the latest batch. */
export interface TrainingProgress {
  step: number;
  maxSteps: number;
  trainLoss: number | null;
  /** Of the last evaluation. */
  validationLoss: number | null;
  /** Of the latest step, before clipping. */
  gradientNorm: number | null;
  /** Tokens of all batches so far. */
  tokensSeen: number;
  /** While it trains; the first step, in which TensorFlow compiles, evaluations and samples are not counted. */
  tokensPerSecond: number;
  /** Of the steps that are left and the evaluation over whole splits; null while that is not known. */
  etaSeconds: number | null;
  /** After the last step: `evaluating`, over the whole of each split. */
  phase: 'training' | 'evaluating';
}

/** One evaluation; losses are in nats per token. */
export const trainingMetric = z.object({
  step: z.int().describe('Steps that the weights had taken.'),
  trainLoss: z.number(),
  validationLoss: z.number(),
  bitsPerByte: z
    .number()
    .describe('The validation loss in bits per byte of the text in UTF-8, which any tokenizer compares by.'),
  learningRate: z.number().describe('Of the step just taken; at step 0, of the first.'),
  gradientNorm: z.number().nullable().describe('Of the step just taken, before clipping; null before the first.'),
  tokensSeen: z.int().describe('Tokens of all batches so far.'),
  tokensPerSecond: z.number(),
  whole: z.boolean().describe('Whether the losses are over the whole of each split, not over a fixed part of it.'),
});
export type TrainingMetric = z.output<typeof trainingMetric>;

/** A text that the model wrote. */
export const trainingSample = z.object({ step: z.int(), text: z.string() });
export type TrainingSample = z.output<typeof trainingSample>;

/** One optimizer step. */
export interface TrainingStepReport {
  /** From 1. */
  step: number;
  /** Of its batches, before the step, in nats per token. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  learningRate: number;
}

/** What was done before the first step, and in it. */
export interface TrainingPreparation {
  /** Milliseconds of recording the program. */
  recordingMs: number;
  /** Milliseconds of the first runs of the program's entries, in which TensorFlow optimises and compiles them. */
  compilingMs: number;
}

/** A training run continues from a checkpoint. */
export interface TrainingResumption {
  step: number;
  /** What computes otherwise than what wrote the checkpoint, so that bits may differ; empty if nothing does. */
  differences: string[];
}

/** The weights with the lowest validation loss so far, measured over the batches of this training's evaluations. */
export interface BestMeasurement {
  step: number;
  validationLoss: number;
  evalBatches?: number | undefined;
}

/** Who is told what of a training run. */
export interface TrainingCallbacks {
  /** Where it continues from a checkpoint: before the first step. */
  onResume?: ((resumption: TrainingResumption) => void) | undefined;
  /** After resuming with another `evalBatches`: the best so far, measured anew. */
  onBestMeasured?: ((best: BestMeasurement) => void) | undefined;
  /** At the start, about ten times per second while it takes steps and evaluates whole splits, and at the end. */
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Before the first step, every `evalInterval` steps, after the last, and at the end over whole splits. */
  onMetric?: ((metric: TrainingMetric) => void) | undefined;
  /** Before the first step, every `sampleInterval` steps, and at the end. */
  onSample?: ((sample: TrainingSample) => void) | undefined;
  /** After every step. */
  onStep?: ((step: TrainingStepReport) => void) | undefined;
  /** After the last step, before the evaluation over whole splits: from here on checkpoints are those of its end. */
  onStepsTaken?: ((step: number) => void) | undefined;
  /** After the first step, in which TensorFlow compiles: its time is no measure of the others. */
  onPrepared?: ((preparation: TrainingPreparation) => void) | undefined;
}
