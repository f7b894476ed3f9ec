import type { Job } from '@glyphmill/contract';
import { JobNotFoundError, type JobBoard } from '@glyphmill/jobs';

/** The job with this id, with its prompts and its place in the queue. Throws `JobNotFoundError`. */
export async function getWholeJob(jobs: JobBoard, id: string): Promise<Job> {
  return expectJob(await jobs.get(id), id);
}

/** The job with this id, as lists show it: prompts may be megabytes, which few need. Throws `JobNotFoundError`. */
export async function getJob(jobs: JobBoard, id: string): Promise<Job> {
  return expectJob(await jobs.summary(id), id);
}

function expectJob(found: Job | undefined, id: string): Job {
  if (!found) throw new JobNotFoundError(id);
  return found;
}
