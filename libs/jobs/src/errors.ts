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

/** A list was asked to go on after something that is no job's id. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid_cursor';
}
