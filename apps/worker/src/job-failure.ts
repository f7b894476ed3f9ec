import { type JobError, jobError } from '@glyphmill/jobs';

/** A job cannot be done; what its record will say. */
export class JobFailure extends Error {
  constructor(readonly error: JobError) {
    super(error.message);
  }
}

/** What a record says of an error: its own code where it has one, and whether another attempt may mend it. */
export function describeError(error: unknown): JobError {
  if (error instanceof JobFailure) return error.error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal_error';
  const message = error instanceof Error ? error.message : String(error);
  return jobError.parse({ code, message, retryable: true });
}
