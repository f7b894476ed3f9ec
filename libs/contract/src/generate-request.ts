import { samplingConfig } from '@glyphmill/model/config';
import { z } from 'zod';
import { deliveryFields, shownDeliveryFields } from './delivery-fields.js';
import { identifier } from './identifier.js';
import { INTERACTIVE_LIMITS, interactiveExcess } from './interactive-limits.js';

/** What one request may ask for; the message of a refusal names the limit. */
export const REQUEST_LIMITS = {
  prompts: 10_000,
  promptBytes: 4 * 1024 ** 2,
  promptLineBytes: 64 * 1024,
  promptOutputBytes: 1024 ** 3,
  sequences: 1_000_000,
  tokens: 500_000_000,
  promptLogprobs: 250_000,
  logprobs: 100_000_000,
} as const;

const megabytes = (bytes: number) => `${bytes / 1024 ** 2} MiB`;

/** The fields of `POST /api/jobs/generate`. A record keeps the prompts apart, so both places for them may be empty there. */
export const generateFields = z.strictObject({
  model: identifier.describe("A model's id."),
  prompts: z
    .array(z.string())
    .min(1)
    .max(
      REQUEST_LIMITS.prompts,
      `at most ${REQUEST_LIMITS.prompts}; upload more as a dataset, and name it as promptsDataset`,
    )
    .optional()
    .describe('Texts to continue from. An empty prompt starts after the first token of the vocabulary.'),
  promptsDataset: identifier
    .optional()
    .describe(
      'Instead of `prompts`: the id of a dataset of JSON lines, each a string or an object with a `prompt`. A line ' +
        'that is neither yields output lines with an error; blank lines at the end are left out.',
    ),
  ...samplingConfig.shape,
  stream: z
    .boolean()
    .default(false)
    .describe(
      "Whether the job's events tell the text as it is written, in events of the type `text`. For up to " +
        `${INTERACTIVE_LIMITS.sequences} sequences (prompts × samples) and ${INTERACTIVE_LIMITS.tokens} tokens ` +
        '(× maxNewTokens), whose prompts come with the request.',
    ),
  ...deliveryFields,
});

/** The body of `POST /api/jobs/generate`. */
export const generateRequest = generateFields
  .refine(({ prompts, promptsDataset }) => (prompts === undefined) !== (promptsDataset === undefined), {
    path: ['prompts'],
    error: 'give either prompts, or promptsDataset with the id of a dataset of JSON lines',
  })
  .refine(({ prompts = [] }) => totalBytes(prompts) <= REQUEST_LIMITS.promptBytes, {
    path: ['prompts'],
    error: `the prompts together may be at most ${megabytes(REQUEST_LIMITS.promptBytes)}; upload them as a dataset, and name it as promptsDataset`,
  })
  .superRefine((request, context) => {
    const { prompts = [] } = request;
    const excess = excessOf(request, { promptCount: prompts.length, promptBytes: totalBytes(prompts) });
    if (excess) context.addIssue({ code: 'custom', path: [excess.field], message: excess.message });
  })
  .superRefine((request, context) => {
    const message = request.stream ? streamRefusal(request) : undefined;
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['stream'], message });
  })
  .meta({ oneOf: [{ required: ['prompts'] }, { required: ['promptsDataset'] }] });
export type GenerateRequest = z.output<typeof generateRequest>;

/** The body of `POST /api/jobs/generate` as a client writes it: what has a default may be left out. */
export type GenerateRequestInput = z.input<typeof generateRequest>;

/** A generate request as its job shows it: with every default, and without the prompts in lists. */
export const shownGenerateRequest = z.object({
  model: z.string(),
  prompts: z.array(z.string()).optional(),
  promptsDataset: z.string().optional(),
  ...samplingConfig.shape,
  stream: z.boolean(),
  ...shownDeliveryFields,
});

/**
 * What a request asks too much of with so many prompts, which take so many bytes together, and the limit; `undefined`
 * if it is within all limits.
 */
export function excessOf(
  { samples, maxNewTokens, logprobs }: { samples: number; maxNewTokens: number; logprobs: number },
  { promptCount, promptBytes }: { promptCount: number; promptBytes: number },
): { field: 'samples' | 'maxNewTokens' | 'logprobs'; message: string } | undefined {
  const { sequences, tokens } = REQUEST_LIMITS;
  if (promptCount * samples > sequences) {
    return { field: 'samples', message: `prompts × samples may be at most ${sequences}; send them as several jobs` };
  }
  if (promptBytes * samples > REQUEST_LIMITS.promptOutputBytes) {
    const limit = `the bytes of all prompts × samples may be at most ${REQUEST_LIMITS.promptOutputBytes}`;
    return {
      field: 'samples',
      message: `${limit}, as each line of the output repeats its prompt; take fewer samples, or send several jobs`,
    };
  }
  if (promptCount * samples * maxNewTokens > tokens) {
    const message = `prompts × samples × maxNewTokens may be at most ${tokens}; send them as several jobs`;
    return { field: 'maxNewTokens', message };
  }
  const ofPrompt = samples * maxNewTokens * logprobs;
  if (ofPrompt > REQUEST_LIMITS.promptLogprobs) {
    const limit = `samples × maxNewTokens × logprobs may be at most ${REQUEST_LIMITS.promptLogprobs}`;
    return { field: 'logprobs', message: `${limit}, as the output gets large; ask for fewer` };
  }
  if (promptCount * ofPrompt > REQUEST_LIMITS.logprobs) {
    const limit = `prompts × samples × maxNewTokens × logprobs may be at most ${REQUEST_LIMITS.logprobs}`;
    return { field: 'logprobs', message: `${limit}; send them as several jobs` };
  }
  return undefined;
}

/** Why the text of a request cannot be streamed; `undefined` where it can. */
function streamRefusal({ prompts = [], promptsDataset, samples, maxNewTokens }: GenerateRequest): string | undefined {
  if (promptsDataset !== undefined) {
    return 'only prompts that come with the request can be streamed; leave stream out, and read the output while the job runs';
  }
  const excess = interactiveExcess({ promptCount: prompts.length, samples, maxNewTokens });
  return (
    excess && `can be true where ${excess.limit}; ask for less, or leave it out and read the output while the job runs`
  );
}

const utf8 = new TextEncoder();

function totalBytes(texts: string[]): number {
  return texts.reduce((sum, text) => sum + utf8.encode(text).length, 0);
}
