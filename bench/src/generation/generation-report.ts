import { modelConfig } from '@glyphmill/model/config';
import type { Device } from '@glyphmill/model/generation';
import { z } from 'zod';

/** What a generation runs on. */
export const device = z.custom<Device>(
  (given) => typeof given === 'string' && /^(?:cpu|cuda:\d+)$/u.test(given),
  'a device is cpu, or cuda:0, cuda:1, …',
);

/** One generation that a process, ours or the peer's, is to do and measure; its only argument, in JSON. */
export const generationOrder = z.object({
  model: modelConfig,
  /** `cpu`, or `cuda:N`, for both sides. */
  device,
  vocabularySize: z.int().min(1),
  /** Where ours finds the published model. */
  modelFolder: z.string(),
  /** Where the peer finds the same weights (weights-folder.ts). */
  weightsFolder: z.string(),
  /** The ids of the first sequence's prompt; the others have it turned on by one more character each (turnedPrompts). */
  prompt: z.array(z.int()).min(1),
  /** The same in characters. */
  promptText: z.string(),
  batch: z.int().min(1),
  newTokens: z.int().min(1),
  topK: z.int().min(1),
  seed: z.int(),
  /** How often each is measured in the process at least, after as many short runs that do not count, */
  repetitions: z.int().min(1),
  /** and for how long at least. */
  leastSeconds: z.number().min(0),
});
export type GenerationOrder = z.output<typeof generationOrder>;

/** What the process reports; medians of its repetitions. */
export const generationReport = z.object({
  /** Of all sequences together, with the prompt's pass. */
  tokensPerSecond: z.number().positive(),
  /** From the prompts to one token of each sequence. */
  firstTokenMs: z.number().positive(),
  peakMemoryBytes: z.number().positive(),
  library: z.string(),
});
export type GenerationReport = z.output<typeof generationReport>;
