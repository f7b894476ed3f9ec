import { z } from 'zod';
import { type GenerateRequest, generateRequest, type GenerateRequestInput } from './generate-request.js';
import { jobKind } from './job.js';
import { type TrainRequest, trainRequest, type TrainRequestInput } from './train-request.js';

/** How many jobs one batch makes at most. */
export const BATCH_JOBS = 1000;

/** One request of a batch: what the route of its kind takes, and the kind. */
export type BatchItem = { kind: 'train'; request: TrainRequest } | { kind: 'generate'; request: GenerateRequest };

/** One request of a batch as a client writes it. */
export type BatchRequest = ({ kind: 'train' } & TrainRequestInput) | ({ kind: 'generate' } & GenerateRequestInput);

const kindOfItem = z.looseObject({ kind: jobKind });

/** Parsed by its kind (`parseItem`); the OpenAPI document describes the items from the requests' own schemas. */
const item = z.unknown();

/** The body of `POST /api/jobs/batch`. A fault in a request is named as `items[17].dataset`. */
export const jobBatch = z
  .array(item)
  .min(1)
  .max(BATCH_JOBS, `at most ${BATCH_JOBS} requests; send more as several batches`)
  .transform((items, context): BatchItem[] =>
    items.flatMap((given, place) => {
      const parsed = parseItem(given);
      if ('item' in parsed) return [parsed.item];
      for (const issue of parsed.issues) {
        const { message } = issue;
        const unknown = issue.code === 'unrecognized_keys' ? { keys: issue.keys } : {};
        context.addIssue({ code: 'custom', message, ...unknown, path: ['items', place, ...issue.path] });
      }
      return [];
    }),
  );

function parseItem(given: unknown): { item: BatchItem } | { issues: z.core.$ZodIssue[] } {
  const known = kindOfItem.safeParse(given);
  if (!known.success) return { issues: known.error.issues };
  const { kind, ...fields } = known.data;
  if (kind === 'train') {
    const request = trainRequest.safeParse(fields);
    return request.success ? { item: { kind, request: request.data } } : { issues: request.error.issues };
  }
  const request = generateRequest.safeParse(fields);
  return request.success ? { item: { kind, request: request.data } } : { issues: request.error.issues };
}
