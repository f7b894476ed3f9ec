import type { Job } from '@glyphmill/contract';
import {
  ArtifactDeletedError,
  DELETING,
  DeadlinePassedError,
  type IdempotencyKey,
  type JobDraft,
  JobBoard,
} from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { BatchItemError, Refusal } from './refusal.js';

/** Takes jobs into the queue, once for each idempotency key: looks up the key, admits, creates. */
@Injectable()
export class JobIntake {
  constructor(private readonly jobs: JobBoard) {}

  /**
   * The job that was made under the key, or a new one of the draft that `admit` returns. Throws what `admit` throws, a
   * {@link Refusal} for a deadline that has passed (`invalid_request`) and for what was deleted meanwhile
   * (`unknown_dataset`, `unknown_model`), and `QueueFullError`, `IdempotencyConflictError`, `JobsDeletedError`.
   */
  async takeOne(idempotency: IdempotencyKey | undefined, admit: () => Promise<JobDraft>): Promise<Job> {
    try {
      const [job] = await this.take(idempotency, async () => [await admit()]);
      if (!job) throw new Error('The job was not created.');
      return job;
    } catch (error) {
      throw error instanceof BatchItemError ? error.cause : error;
    }
  }

  /** The same for several jobs at once, all or none. What is wrong with one of them is a {@link BatchItemError}. */
  async take(idempotency: IdempotencyKey | undefined, admit: () => Promise<JobDraft[]>): Promise<Job[]> {
    // Before the drafts are admitted: what was taken once is answered, even if it could not be taken now.
    const answered = idempotency && (await this.jobs.answered(idempotency));
    if (answered) return answered;
    try {
      return await this.#create(idempotency, admit);
    } catch (error) {
      if (error instanceof DeadlinePassedError) {
        throw new BatchItemError(error.place, new Refusal('invalid_request', error.message, { field: 'deadline' }));
      }
      if (!(error instanceof ArtifactDeletedError)) throw error;
      const { kind, id, field } = error.artifact;
      const reason = `the ${kind} "${id}" was deleted`;
      throw new BatchItemError(error.place, new Refusal(`unknown_${kind}`, reason, { field }));
    }
  }

  /** A dataset or model that was deleted may have been stored again since: then it is admitted again. */
  async #create(
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
      return await this.#create(idempotency, admitStored, new Set([...storedAgain, artifact.id]));
    }
  }
}
