import {
  generateRequest,
  type Job,
  type JobDraft,
  type JobState,
  JobStateConflictError,
  JobStore,
  recordedTrainRequest,
} from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { Problem } from '../problem/problem.js';
import { Admission } from './admission.js';
import { getWholeJob } from './get-job.js';

const RETRIED_STATES: ReadonlySet<JobState> = new Set(['failed', 'cancelled']);

/** Makes failed and cancelled jobs again, as new jobs: a final state stays final. */
@Injectable()
export class Retry {
  constructor(
    private readonly jobs: JobStore,
    private readonly admission: Admission,
  ) {}

  /**
   * The job that makes another one again: with its request and prompts, and, where it trains, from its checkpoints. A
   * deadline that has passed is left out. Throws `JobNotFoundError`, `JobStateConflictError`, and what admission throws.
   */
  async draftOf(id: string): Promise<JobDraft> {
    const job = await getWholeJob(this.jobs, id);
    if (!RETRIED_STATES.has(job.state)) throw new JobStateConflictError(id, job.state, 'retried');
    const asked = requestOf(job);
    if (job.kind === 'generate' && asked['prompts'] === undefined && asked['promptsDataset'] === undefined) {
      const detail = `The prompts of ${id} are no longer stored. Send them again as a new job.`;
      throw new Problem('prompts_lost', detail);
    }
    if (job.kind === 'generate')
      return { ...(await this.admission.admitGenerate(generateRequest.parse(asked))), retryOf: id };
    const { resumeFrom, ...request } = recordedTrainRequest.parse(asked);
    const draft = await this.admission.admitTrain(request);
    const checkpoints = await this.jobs.checkpoints(id);
    return {
      kind: 'train',
      // It has the checkpoints that the job it once resumed left it, so that job is not asked again.
      request: { ...draft.request, ...(resumeFrom !== undefined && { resumeFrom }) },
      ...(checkpoints.length > 0 && { checkpoints }),
      retryOf: id,
    };
  }
}

function requestOf({ request }: Job): Record<string, unknown> {
  const { deadline, ...rest } = request;
  return typeof deadline === 'string' && Date.parse(deadline) > Date.now() ? request : rest;
}
