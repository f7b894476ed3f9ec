import { z } from 'zod';
import { tag } from './delivery-fields.js';
import { identifier } from './identifier.js';
import { job, jobKind } from './job.js';
import { JOB_STATES } from './job-state.js';
import { pageOf, pageQuery } from './page.js';

/** A cursor of the list of jobs: the order of jobs is that of their ids, which sort as the jobs were made. */
export const JOB_CURSOR = /^job_[0-9A-HJKMNP-TV-Z]{26}$/u;

/** The query of `GET /api/jobs`. */
export const jobListQuery = z.strictObject({
  ...pageQuery.shape,
  after: z
    .string()
    .regex(JOB_CURSOR, 'a `nextCursor` of this list')
    .optional()
    .describe("The last answer's `nextCursor`."),
  kind: jobKind.optional(),
  state: z.enum(JOB_STATES).optional(),
  tag: tag.optional(),
  model: identifier.optional().describe('The model that a job generates with or has trained.'),
});
export type JobListQuery = z.output<typeof jobListQuery>;

/** Which jobs a client asks for, and how many at most. */
export type JobListFilter = Partial<JobListQuery>;

export const jobPage = pageOf(job);
