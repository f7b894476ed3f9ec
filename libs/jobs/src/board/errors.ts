import type { NamedArtifact } from '../records/artifacts.js';

/** No job has this id. */
export class JobNotFoundError extends Error {
  readonly code = 'job_not_found';

  constructor(readonly id: string) {
    super(`there is no job ${id}`);
  }
}

/** The job's state does not allow what was asked. */
export class JobStateConflictError extends Error {
  readonly code = 'job_state_conflict';

  constructor(
    readonly id: string,
    readonly state: string,
    asked: string,
  ) {
    super(
      state === 'committing'
        ? `job ${id} is publishing its result and can no longer be ${asked}`
        : `job ${id} is ${state} and cannot be ${asked}`,
    );
  }
}

/** A list was asked to continue after something that is no job's id. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid_cursor';
}

/** The queue holds as many jobs as it may, or jobs of as many bytes. */
export class QueueFullError extends Error {
  readonly code = 'queue_full';

  constructor(
    readonly limited: 'jobs' | 'bytes',
    readonly waiting: number,
    readonly limit: number,
  ) {
    const what =
      limited === 'jobs'
        ? `${waiting} ${waiting === 1 ? 'job is' : 'jobs are'} queued or paused, and ${limit} may be`
        : `The requests of the jobs that are queued or paused take ${waiting} bytes, and with these they would take more than ${limit}`;
    super(`${what}. Send the work again when some have run.`);
  }
}

/** A job was to be done before a time that has passed. */
export class DeadlinePassedError extends Error {
  readonly code = 'deadline_passed';

  /** `place` is that of the request among those that came together, from 0. */
  constructor(readonly place: number) {
    super('the deadline has passed; it must be in the future');
  }
}

/** A dataset or model that a job would need is being deleted, or was just now. */
export class ArtifactDeletedError extends Error {
  readonly code = 'artifact_deleted';

  /** `place` is that of the request among those that came together, from 0. */
  constructor(
    readonly artifact: NamedArtifact,
    readonly place: number,
  ) {
    super(`${artifact.field}: the ${artifact.kind} "${artifact.id}" was deleted`);
  }
}

/** All jobs that were made under an idempotency key have been deleted since. */
export class JobsDeletedError extends Error {
  readonly code = 'job_deleted';

  constructor(readonly ids: string[]) {
    const [first = ''] = ids;
    super(
      ids.length === 1
        ? `The job ${first} that was made under this Idempotency-Key has been deleted since`
        : `The ${ids.length} jobs that were made under this Idempotency-Key have been deleted since`,
    );
  }
}

/** An idempotency key was used before, for another request. */
export class IdempotencyConflictError extends Error {
  readonly code = 'idempotency_conflict';

  constructor() {
    super('the Idempotency-Key was used for another request within the last day; take a new key for a new request');
  }
}
