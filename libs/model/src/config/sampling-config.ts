import { z } from 'zod';

/** How many stop strings a request may have, of how many characters, and how many likeliest tokens it may ask for. */
const STOP_STRINGS = 8;
const STOP_CHARACTERS = 256;
const LOGPROBS = 20;

const stopString = z
  .string()
  .min(1, `a stop string has 1 to ${STOP_CHARACTERS} characters; this one is empty, leave it out`)
  .max(STOP_CHARACTERS, `a stop string has 1 to ${STOP_CHARACTERS} characters; take a shorter part of it`)
  .refine((text) => text.isWellFormed(), 'half a surrogate pair is no character; give both halves or none');

/** How the next token is drawn from a model's logits, how far a text goes, and what is told about it. */
export const samplingConfig = z.strictObject({
  maxNewTokens: z.int().min(1).max(100_000).default(256).describe('Tokens to generate for each sample.'),
  temperature: z.number().min(0).max(100).default(1).describe('Divides the logits; 0 takes the likeliest token.'),
  topK: z.int().min(0).default(0).describe('Draw from the k likeliest tokens only; 0 is all.'),
  topP: z.number().gt(0).max(1).default(1).describe('Draw from the smallest set of tokens with this much probability.'),
  repetitionPenalty: z
    .number()
    .min(0.01)
    .max(100)
    .default(1)
    .describe(
      'Before the other rules, divides the logits of tokens that are in the prompt or were drawn already where they are ' +
        'positive, and multiplies them where they are negative (Keskar et al. 2019): above 1 tokens come back less ' +
        'often, below 1 more often; 1 is off.',
    ),
  stop: z
    .array(stopString)
    .max(STOP_STRINGS, `at most ${STOP_STRINGS} stop strings; leave some out`)
    .default([])
    .describe(
      'A text ends before the first of these strings that is complete in it, with the finishReason `stop`. ' +
        'Its tokenCount counts the tokens of the stop string too.',
    ),
  logprobs: z
    .int()
    .min(0)
    .max(LOGPROBS)
    .default(0)
    .describe(
      'Returns the natural logarithm of the probability of each drawn token, and of the so many likeliest ones, as the ' +
        'model has them before temperature and all other rules; 0 returns none.',
    ),
  window: z
    .enum(['restarting', 'sliding'])
    .default('restarting')
    .describe(
      'What the model sees of a text that is longer than its block. `restarting`: where the block is full it continues ' +
        'from the newest half. `sliding`: always the newest tokens that fit the block, at the cost of the whole block ' +
        'for each token.',
    ),
  seed: z.int().min(0).max(0xffff_ffff).default(1337),
  samples: z.int().min(1).max(1000).default(1).describe('Samples a prompt.'),
});
export type SamplingConfig = z.output<typeof samplingConfig>;
