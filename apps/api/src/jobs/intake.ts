import type { Job } from '@glyphmill/contract';
import {
  ArtifactDeletedError,
  DELETING,
  DeadlinePassedError,
  type IdempotencyKey,
  type JobDraft,
  JobStore,
} from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { invalidRequest } from '../problem/field-errors.js';
import { Problem } from '../problem/problem.js';

/** Takes jobs into the queue, once for each idempotency key. */
@Injectable()
export class Intake {
  constructor(private readonly jobs: JobStore) {}

  /**
   * The job that was made under the key, or a new one of the draft that `admit` gives. Throws what `admit` throws, the
   * problems `invalid_request` for a deadline that has passed, and `unknown_dataset` and `unknown_model` for what was
   * deleted meanwhile, and `QueueFullError`, `IdempotencyConflictError`, `JobsDeletedError`.
   */
  async takeOne(idempotency: IdempotencyKey | undefined, admit: () => Promise<JobDraft>): Promise<Job> {
    const [job] = await this.take(
      idempotency,
      async () => [await admit()],
      () => '',
    );
    if (!job) throw new Problem('internal_error', 'The job was not created.');
    return job;
  }

  /** The same for several jobs at once, all or none; `pathOf` begins the names of the fields of the job at a place. */
  async take(
    idempotency: IdempotencyKey | undefined,
    admit: () => Promise<JobDraft[]>,
    pathOf: (place: number) => string,
  ): Promise<Job[]> {
    // Before the drafts are admitted: what was taken once is answered, also where it could not be taken now.
    const answered = idempotency && (await this.jobs.answered(idempotency));
    if (answered) return answered;
    try {
      return await this.create(idempotency, admit);
    } catch (error) {
      if (error instanceof DeadlinePassedError) {
        throw invalidRequest([{ message: error.message }], `${pathOf(error.place)}deadline`);
      }
      if (!(error instanceof ArtifactDeletedError)) throw error;
      const { kind } = error.artifact;
      const detail = `${pathOf(error.place)}${error.message}. GET /api/${kind}s lists what there is.`;
      throw new Problem(`unknown_${kind}`, detail);
    }
  }

  /** A dataset or model that was deleted may have been stored again since: then it is admitted again. */
  private async create(
    idempotency: IdempotencyKey | undefined,
    admit: () => Promise<JobDraft[]>,
    storedAgain: ReadonlySet<string> = new Set(),
  ): Promise<Job[]> {
    const drafts = await admit();
    try {
      return await this.jobs.create(drafts, idempotency);
    } catch (error) {
      if (!(error instanceof ArtifactDeletedError) || storedAgain.has(error.artifact.id)) throw error;
      const { artifact } = error;
      const deletion = await this.jobs.artifacts.deletionOf(artifact);
      if (deletion === DELETING) throw error;
      const admitStored = async () => {
        const admitted = await admit();
        if (deletion !== null) await this.jobs.artifacts.forgetDeletion(artifact, deletion);
        return admitted;
      };
      return await this.create(idempotency, admitStored, new Set([...storedAgain, artifact.id]));
    }
  }
}
