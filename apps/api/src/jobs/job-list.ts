import { CURSOR, JOB_STATES, job, jobKind, tag } from '@glyphmill/jobs';
import { z } from 'zod';
import { pageOf, pageQuery } from '../paging/page.js';
import { resourceId } from '../paging/resource-id.js';

/** The query of `GET /api/jobs`. */
export const jobListQuery = z.strictObject({
  ...pageQuery.shape,
  after: z.string().regex(CURSOR, 'a `nextCursor` of this list').optional().describe("The last answer's `nextCursor`."),
  kind: jobKind.optional(),
  state: z.enum(JOB_STATES).optional(),
  tag: tag.optional(),
  model: resourceId.optional().describe('The model that a job generates with or has trained.'),
});
export type JobListQuery = z.output<typeof jobListQuery>;

export const jobPage = pageOf(job);
