import { z } from 'zod';

const place = { promptIndex: z.int().min(0), sampleIndex: z.int().min(0), prompt: z.string() };

/** Why a sequence ended. */
export const finishReason = z.literal('length');

/** Why a sequence cannot be made. */
export const lineError = z.object({ code: z.string(), message: z.string() });

/** A sample of a prompt; `text` is what follows the prompt, without it. */
const generatedLine = z.object({
  ...place,
  text: z.string(),
  tokenCount: z.int().min(0),
  finishReason,
  seed: z.int(),
});
export type GeneratedLine = z.output<typeof generatedLine>;

/** A sample that cannot be made, and why. */
const failedLine = z.object({
  ...place,
  error: lineError,
});
export type FailedLine = z.output<typeof failedLine>;

/** One line of a generate job's output. */
export const outputLine = z.union([generatedLine, failedLine]);
export type OutputLine = z.output<typeof outputLine>;
