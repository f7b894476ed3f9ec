import { JOB_STATES, job, jobKind, tag } from '@glyphmill/jobs';
import { z } from 'zod';
import { pageOf, pageQuery } from '../paging/page.js';
import { resourceId } from '../paging/resource-id.js';

/** The query of `GET /api/jobs`. */
export const jobListQuery = z.strictObject({
  ...pageQuery.shape,
  kind: jobKind.optional(),
  state: z.enum(JOB_STATES).optional(),
  tag: tag.optional(),
  model: resourceId.optional().describe('The model that a job generates with or has trained.'),
});
export type JobListQuery = z.output<typeof jobListQuery>;

export const jobPage = pageOf(job);
