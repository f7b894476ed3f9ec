import { type Job, JobNotFoundError, type JobStore } from '@glyphmill/jobs';

/** The job with this id. Throws `JobNotFoundError`. */
export async function getJob(jobs: JobStore, id: string): Promise<Job> {
  const found = await jobs.get(id);
  if (!found) throw new JobNotFoundError(id);
  return found;
}
