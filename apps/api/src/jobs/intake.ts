import { DeadlinePassedError, type IdempotencyKey, type Job, type JobDraft, JobStore } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { invalidRequest } from '../problem/field-errors.js';
import { Problem } from '../problem/problem.js';

/** Takes jobs into the queue, once for each idempotency key. */
@Injectable()
export class Intake {
  constructor(private readonly jobs: JobStore) {}

  /**
   * The job that was made under the key, or a new one of the draft that `admit` gives. Throws what `admit` throws, the
   * problem `invalid_request` for a deadline that has passed, and `QueueFullError`, `IdempotencyConflictError`.
   */
  async takeOne(idempotency: IdempotencyKey | undefined, admit: () => Promise<JobDraft>): Promise<Job> {
    const [job] = await this.take(
      idempotency,
      async () => [await admit()],
      () => 'deadline',
    );
    if (!job) throw new Problem('internal_error', 'The job was not created.');
    return job;
  }

  /** The same for several jobs at once, all or none; `deadlineField` names the field of the job at a place. */
  async take(
    idempotency: IdempotencyKey | undefined,
    admit: () => Promise<JobDraft[]>,
    deadlineField: (place: number) => string,
  ): Promise<Job[]> {
    // Before the drafts are admitted: what was taken once is answered, also where it could not be taken now.
    const answered = idempotency && (await this.jobs.answered(idempotency));
    if (answered) return answered;
    try {
      return await this.jobs.create(await admit(), idempotency);
    } catch (error) {
      if (!(error instanceof DeadlinePassedError)) throw error;
      throw invalidRequest([{ message: error.message }], deadlineField(error.place));
    }
  }
}
