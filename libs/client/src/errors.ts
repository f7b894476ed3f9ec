import type { Job, ProblemDocument } from '@glyphmill/contract';

/** The API refused a request, and says why in a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** Stable; meant for programs. */
  readonly code: string;
  readonly status: number;

  constructor(
    readonly request: string,
    readonly problem: ProblemDocument,
  ) {
    super(`${request}: ${problem.detail} (${problem.status} ${problem.code})`);
    this.code = problem.code;
    this.status = problem.status;
  }
}

/** No usable answer came: the API cannot be reached, the connection broke, or what answered is not this API. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly code = 'unreachable';

  constructor(request: string, reason: string, options?: ErrorOptions) {
    super(`${request}: ${reason}`, options);
  }
}

/** A job that was to succeed failed or was cancelled. */
export class JobUnsuccessfulError extends Error {
  override readonly name = 'JobUnsuccessfulError';
  readonly code = 'job_unsuccessful';

  constructor(readonly job: Job) {
    super(`${job.id} is ${job.state}${job.error ? `: ${job.error.message} (${job.error.code})` : ''}`);
  }
}
