import { finishReason, lineError } from '@glyphmill/model/config';
import { z } from 'zod';
import { jobError } from './job.js';
import { JOB_STATES } from './job-state.js';

/** A state the job came into; `error` says why it failed or is retried. */
const stateEvent = z.object({
  type: z.literal('state'),
  state: z.enum(JOB_STATES),
  error: jobError.optional(),
});

/** Measures of a running job. A train job's: losses in nats per token; which are there depends on the step. */
const metricEvent = z.object({
  type: z.literal('metric'),
  step: z.int(),
  trainLoss: z.number().optional(),
  validationLoss: z.number().optional(),
  learningRate: z.number().optional(),
  tokensPerSecond: z.number().optional(),
  gradientNorm: z.number().nullable().optional().describe('Of the last step, before clipping; null before the first.'),
  tokensSeen: z.int().optional().describe('Tokens that the steps so far trained on.'),
  bitsPerByte: z.number().optional().describe('The validation loss in bits per byte of UTF-8 text.'),
  whole: z.boolean().optional().describe('Whether the losses are over the whole of each split.'),
});

/** A text the model in training wrote at this step. */
const sampleEvent = z.object({ type: z.literal('sample'), step: z.int(), text: z.string() });

/** A state of the training that it can be continued from was kept. */
const checkpointEvent = z.object({ type: z.literal('checkpoint'), step: z.int() });

/**
 * More of one sequence (a sample of a prompt) of a streamed generate job. The texts of its events, one after the other,
 * are the text of its line in the output: no part comes twice, whatever was retried.
 */
const textEvent = z.object({
  type: z.literal('text'),
  promptIndex: z.int().min(0),
  sampleIndex: z.int().min(0),
  text: z.string().describe('What is new since the last event of this sequence.'),
  tokenCount: z.int().min(0).describe('Tokens of the sequence so far.'),
  finishReason: finishReason.optional().describe('In the last event of a sequence: why it ended.'),
  error: lineError.optional().describe('In the only event of a sequence that cannot be made: why.'),
});
export type TextEvent = z.output<typeof textEvent>;

const logEvent = z.object({
  type: z.literal('log'),
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
});

/** What is told about a job while it lives, one event per entry of the Redis stream. */
export const jobEvent = z.discriminatedUnion('type', [
  stateEvent,
  metricEvent,
  sampleEvent,
  checkpointEvent,
  textEvent,
  logEvent,
]);
export type JobEvent = z.output<typeof jobEvent>;

/** An event with its place in the job's stream, `<ms>-<n>`, and its time. */
export type StoredJobEvent = { id: string; at: string; event: JobEvent };
