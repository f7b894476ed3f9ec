import { generationRuntime, jobError } from '@glyphmill/contract';
import { shardCounts } from '@glyphmill/jobs';
import { finishReason, lineError, samplingConfig } from '@glyphmill/model/config';
import { z } from 'zod';

const textGrowth = z.object({
  promptIndex: z.int(),
  sampleIndex: z.int(),
  start: z.int(),
  text: z.string(),
  tokenCount: z.int(),
  finishReason: finishReason.optional(),
});

/** A prompt in its place among the job's, or why there is none. */
const shardPrompt = z.union([
  z.object({ promptIndex: z.int(), text: z.string() }),
  z.object({ promptIndex: z.int(), error: lineError }),
]);
export type ShardPrompt = z.output<typeof shardPrompt>;

/** What the worker asks of a generation engine; `request` is a number that both sides name one piece of work by. */
export const generationCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('generate'),
    request: z.int(),
    modelFolder: z.string(),
    prompts: z.array(shardPrompt),
    sampling: samplingConfig,
    /** Where its lines go: the path of a file that nobody else writes. */
    outputFile: z.string(),
    /** Whether its text is told as it grows. */
    stream: z.boolean(),
  }),
  z.object({ type: z.literal('cancel'), request: z.int() }),
]);
export type GenerationCommand = z.output<typeof generationCommand>;

/**
 * What a generation engine reports to the worker. All of it is small, whatever was asked for: lines go into a file. The
 * counts of `progress` are of the request so far; `text` is of one step.
 */
export const generationReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), device: z.string(), libraries: z.record(z.string(), z.string()) }),
  z.object({
    type: z.literal('progress'),
    request: z.int(),
    done: z.int(),
    failed: z.int(),
    tokens: z.int(),
  }),
  z.object({ type: z.literal('text'), request: z.int(), growths: z.array(textGrowth) }),
  z.object({
    type: z.literal('done'),
    request: z.int(),
    counts: shardCounts,
    ranOn: generationRuntime,
  }),
  z.object({ type: z.literal('failed'), request: z.int(), error: jobError }),
]);
export type GenerationReport = z.output<typeof generationReport>;
