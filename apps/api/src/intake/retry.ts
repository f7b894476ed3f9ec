import { generateRequest, type JobState } from '@glyphmill/contract';
import { type JobDraft, JobStateConflictError, JobBoard } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { getWholeJob } from '../reading/get-job.js';
import { Admission } from './admission.js';
import { Refusal } from './refusal.js';

const RETRIED_STATES: ReadonlySet<JobState> = new Set(['failed', 'cancelled']);

/** Makes failed and cancelled jobs again, as new jobs: a final state stays final. */
@Injectable()
export class Retry {
  constructor(
    private readonly jobs: JobBoard,
    private readonly admission: Admission,
  ) {}

  /**
   * The job that makes another one again: with its request and prompts, and, where it trains, from its checkpoints. A
   * deadline that has passed is left out. Throws `JobNotFoundError`, `JobStateConflictError`, and what admission throws.
   */
  async draftOf(id: string): Promise<JobDraft> {
    const job = await getWholeJob(this.jobs, id);
    if (!RETRIED_STATES.has(job.state)) throw new JobStateConflictError(id, job.state, 'retried');
    if (job.kind === 'generate') {
      const request = withoutPastDeadline(job.request);
      if (request.prompts === undefined && request.promptsDataset === undefined) {
        const remedy = 'Send them again as a new job.';
        throw new Refusal('prompts_lost', `The prompts of ${id} are no longer stored`, { remedy });
      }
      return { ...(await this.admission.admitGenerate(generateRequest.parse(request))), retryOf: id };
    }
    const { resumeFrom, ...request } = withoutPastDeadline(job.request);
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

function withoutPastDeadline<Request extends { deadline?: string | undefined }>(request: Request): Request {
  const isPast = request.deadline !== undefined && Date.parse(request.deadline) <= Date.now();
  return isPast ? { ...request, deadline: undefined } : request;
}
