import {
  MAX_BATCH_TOKENS,
  modelConfig,
  completeTrainingConfig,
  partialTrainingConfig,
  samplingConfig,
  trainingContradictions,
} from '@glyphmill/model/config';
import { z } from 'zod';
import { givenName } from './given-name.js';
import { INTERACTIVE_LIMITS, interactiveExcess } from './lane.js';
import { identifier, initFrom } from './starting-point.js';

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
  tags: 16,
} as const;

const megabytes = (bytes: number) => `${bytes / 1024 ** 2} MiB`;

export const tag = z.string().regex(/^[A-Za-z0-9_.:/-]{1,64}$/u, 'a tag is 1 to 64 letters, digits or _ . : / -');

const delivery = {
  priority: z.int().min(-100).max(100).default(0).describe('Higher runs first.'),
  tags: z.array(tag).max(REQUEST_LIMITS.tags).default([]),
  maxAttempts: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('How often a crash may end an attempt before the job fails.'),
  deadline: z.iso
    .datetime({ offset: true, error: 'a time with its offset, such as 2027-01-01T00:00:00Z' })
    .refine((time) => !(new Date(time).getUTCFullYear() > 9999), 'the year may be at most 9999, in UTC')
    .transform((time) => new Date(time).toISOString())
    .optional()
    .describe('When the job must have ended; one that has not then fails (`deadline_exceeded`). In the future.'),
};

/** A train request as a record keeps it. Versions before this one filled in schedules that {@link trainRequest} refuses. */
export const recordedTrainRequest = z
  .strictObject({
    dataset: identifier.describe("A dataset's id; `moby-dick` is always there."),
    name: givenName.optional().describe("The model's name."),
    model: modelConfig,
    training: partialTrainingConfig.default({}),
    initFrom: initFrom
      .optional()
      .describe('A model to start from instead of random weights: its id, or its id and how what differs is mapped.'),
    resumeFrom: identifier
      .optional()
      .describe(
        'A finished train job to go on from: weights, moments and place in the text are those of its newest ' +
          'checkpoint. Dataset and model must be the same, and maxSteps beyond its step. What `training` leaves out is ' +
          'the default again, not what that job had. The learning rate of a step is that of a new training with these ' +
          'settings: the schedule stretches over the new maxSteps. Patience counts anew, and when evalBatches is another, ' +
          'the best weights so far are measured anew.',
      ),
    ...delivery,
  })
  .transform((request) => ({
    ...request,
    training: completeTrainingConfig(request.model.kind, request.training),
  }))
  .refine(({ initFrom: model, resumeFrom }) => model === undefined || resumeFrom === undefined, {
    path: ['resumeFrom'],
    error: 'initFrom and resumeFrom are two starting points; give one of them',
  })
  .refine(({ model, training }) => training.batchSize * model.blockSize <= MAX_BATCH_TOKENS, {
    path: ['training', 'batchSize'],
    error: `batchSize × blockSize may be at most ${MAX_BATCH_TOKENS} tokens a step; take a smaller batch`,
  });
export type TrainRequest = z.output<typeof recordedTrainRequest>;

/** The body of `POST /api/jobs/train`. */
export const trainRequest = recordedTrainRequest
  .superRefine(({ training }, context) => {
    for (const { field, message } of trainingContradictions(training)) {
      context.addIssue({ code: 'custom', path: ['training', field], message });
    }
  })
  .meta({ not: { required: ['initFrom', 'resumeFrom'] } });

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
    .describe('Texts to go on from. An empty prompt starts after the first token of the vocabulary.'),
  promptsDataset: identifier
    .optional()
    .describe(
      'Instead of `prompts`: the id of a dataset of JSON lines, each a string or an object with a `prompt`. A line ' +
        'that is neither gives output lines with an error; blank lines at the end are left out.',
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
  ...delivery,
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

function totalBytes(texts: string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
