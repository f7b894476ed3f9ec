import { z } from 'zod';
import { identifier } from './identifier.js';

/** A whole number from 1 to `most` in a query: written in decimal digits, and in no other way that JavaScript reads. */
export function queryCount(most: number) {
  const rule = `a whole number from 1 to ${most}, in decimal digits`;
  return z
    .string()
    .regex(/^[0-9]{1,9}$/u, rule)
    .transform(Number)
    .pipe(z.number().min(1, rule).max(most, rule))
    .meta({ type: 'integer', minimum: 1, maximum: most });
}

/** The query of every list. */
export const pageQuery = z.strictObject({
  limit: queryCount(200).default(50).describe('How many items at most.'),
  after: identifier.optional().describe("The last answer's `nextCursor`."),
});
export type PageQuery = z.output<typeof pageQuery>;

/** One page of a list of `item`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().describe('Give it as `after` for the next page; null on the last one.'),
  });
}

export interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}
