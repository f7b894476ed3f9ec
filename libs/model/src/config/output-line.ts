import { z } from 'zod';

const place = { promptIndex: z.int().min(0), sampleIndex: z.int().min(0), prompt: z.string() };

/** Why a sequence ended. */
export const finishReason = z.enum(['length', 'stop']);

/** Why a sequence cannot be made. */
export const lineError = z.object({ code: z.string(), message: z.string() });

/** Of each token of the text, in order. Natural logarithms of probabilities before all sampling rules. */
const tokenLogprobs = z.object({
  tokens: z.array(z.string()),
  tokenLogprobs: z.array(z.number()).describe('Of the token that was drawn.'),
  topLogprobs: z.array(z.record(z.string(), z.number())).describe('Of the likeliest tokens, and of the one drawn.'),
});
export type TokenLogprobs = z.output<typeof tokenLogprobs>;

/** A sample of a prompt; `text` is what follows the prompt, without it. */
export const generatedLine = z.object({
  ...place,
  text: z.string().describe('What follows the prompt, up to a stop string and without it.'),
  tokenCount: z.int().min(0).describe('How many tokens were drawn; those of a stop string are among them.'),
  finishReason: finishReason.describe('`stop` where a stop string ended the text.'),
  logprobs: tokenLogprobs.optional().describe('Where `logprobs` asked for them.'),
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

/** What JSON leaves as it is although many programs end a line there: NEL, the line and the paragraph separator. */
const LINE_ENDS = /[\u0085\u2028\u2029]/gu;

/** A value as one line of JSON, with its newline, which no reader of lines takes for several. */
export function encodeJsonLine(value: object): string {
  const escaped = JSON.stringify(value).replaceAll(
    LINE_ENDS,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}
