import { z } from 'zod';

/** How the next token is drawn from a model's logits. */
export const samplingConfig = z.strictObject({
  maxNewTokens: z.int().min(1).max(100_000).default(256).describe('Tokens to generate for each sample.'),
  temperature: z.number().min(0).max(100).default(1).describe('Divides the logits; 0 takes the likeliest token.'),
  topK: z.int().min(0).default(0).describe('Draw from the k likeliest tokens only; 0 is all.'),
  topP: z.number().gt(0).max(1).default(1).describe('Draw from the smallest set of tokens with this much probability.'),
  seed: z.int().min(0).max(0xffff_ffff).default(1337),
  samples: z.int().min(1).max(1000).default(1).describe('Samples a prompt.'),
});
export type SamplingConfig = z.output<typeof samplingConfig>;
