import { z } from 'zod';
import { damagedItem } from './damaged-item.js';
import { pageOf } from './page.js';

/** The id of the text that is always there; every other id is made of the text's sha256. */
export const MOBY_DICK = 'moby-dick';

/** A text that models are trained on, as its users see it. */
export const dataset = z.object({
  id: z.string().describe('Made of the bytes: the same text has the same id.'),
  name: z.string(),
  bytes: z.int(),
  characters: z.int().describe('Unicode code points.'),
  vocabularySize: z.int().describe('How many distinct characters there are.'),
  sha256: z.string(),
  createdAt: z.iso.datetime(),
});
export type Dataset = z.output<typeof dataset>;

/** One whose description is damaged is marked. */
export const datasetPage = pageOf(z.union([dataset, damagedItem]));
