import { z } from 'zod';
import { shownGenerateRequest } from './generate-request.js';
import { JOB_STATES } from './job-state.js';
import { shownTrainRequest } from './train-request.js';

export const jobKind = z.enum(['train', 'generate']);
export type JobKind = z.output<typeof jobKind>;

const seconds = z.number().min(0).nullable();

/** What a train job is doing; the phases come in this order. */
const trainPhase = z.enum(['training', 'evaluating', 'exporting']);

/** How far a train job is; losses are in nats per token. */
export const trainProgress = z.object({
  step: z.int(),
  maxSteps: z.int(),
  trainLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  tokensPerSecond: z.number(),
  etaSeconds: seconds,
  gradientNorm: z.number().nullable().optional().describe('Of the last step, before clipping; null before the first.'),
  tokensSeen: z.int().optional().describe('Tokens that the steps so far trained on.'),
  phase: trainPhase
    .optional()
    .describe(
      '`training` takes steps; after the last, `evaluating` measures the whole of each split, and `exporting` writes and ' +
        'checks the model. `etaSeconds` counts steps and evaluations, and is null while it cannot be known.',
    ),
});
export type TrainProgress = z.output<typeof trainProgress>;

/** How far a generate job is, in sequences (a sequence is one sample of one prompt). */
export const generateProgress = z.object({
  done: z.int(),
  total: z.int(),
  failed: z.int(),
  tokensPerSecond: z.number(),
  etaSeconds: seconds,
});
export type GenerateProgress = z.output<typeof generateProgress>;

/** What a train job yields: the model's id and its losses over the whole of each split, in nats per token. */
export const trainResult = z.object({ model: z.string(), trainLoss: z.number(), validationLoss: z.number() });
export type TrainResult = z.output<typeof trainResult>;

/** What a text was computed on: the device as the engine calls it, and the version of ONNX Runtime. */
export const generationRuntime = z.object({ device: z.string(), onnxruntime: z.string() });
export type GenerationRuntime = z.output<typeof generationRuntime>;

/** What a generate job yields: where its text is, how many sequences are in it, and what they were computed on. */
export const generateResult = z.object({
  output: z.string(),
  counts: z.object({ done: z.int(), failed: z.int(), tokens: z.int() }),
  ranOn: z
    .array(generationRuntime)
    .optional()
    .describe('What its text was computed on, each once; several where unlike workers shared the job.'),
});
export type GenerateResult = z.output<typeof generateResult>;

export const jobError = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
export type JobError = z.output<typeof jobError>;

const instant = z.iso.datetime();

/** What every job shows, whatever its kind. */
const commonFields = {
  id: z.string(),
  state: z.enum(JOB_STATES),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  error: jobError.nullable(),
  attempts: z
    .int()
    .describe(
      'Attempts that crashes and errors have spent: of a train job since its furthest checkpoint, of a generate job on the shard with the most.',
    ),
  maxAttempts: z.int(),
  priority: z.int(),
  tags: z.array(z.string()),
  worker: z.string().nullable().describe('The worker that has it, or had it last.'),
  queuePosition: z
    .int()
    .nullable()
    .describe(
      'How many jobs, or shards of them, are before it in its lane: training runs, generate jobs of up to 16 sequences and 16,384 tokens, and larger ones. Null unless queued.',
    ),
  requested: z.enum(['pause']).nullable().describe('What a running job was asked to do and is about to do.'),
  retryOf: z.string().nullable(),
};

/** A train job as its users see it. */
export const trainJob = z.object({
  kind: z.literal('train'),
  request: shownTrainRequest,
  progress: trainProgress.nullable(),
  result: trainResult.nullable(),
  ...commonFields,
});
export type TrainJob = z.output<typeof trainJob>;

/** A generate job as its users see it. Lists leave its prompts out. */
export const generateJob = z.object({
  kind: z.literal('generate'),
  request: shownGenerateRequest,
  progress: generateProgress.nullable(),
  result: generateResult.nullable(),
  ...commonFields,
});
export type GenerateJob = z.output<typeof generateJob>;

/** A job as its users see it. */
export const job = z.discriminatedUnion('kind', [trainJob, generateJob]);
export type Job = z.output<typeof job>;
