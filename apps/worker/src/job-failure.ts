import { type JobError, jobError } from '@glyphmill/jobs';
import { ArtifactNotFoundError } from '@glyphmill/storage';

/** A job cannot be done; what its record will say. */
export class JobFailure extends Error {
  constructor(readonly error: JobError) {
    super(error.message);
  }
}

/** Gives what `read` gives of what is stored of a dataset or model; where it was deleted, no other attempt finds it either. */
export async function readStored<Value>(id: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ArtifactNotFoundError)) throw error;
    throw new JobFailure({ code: 'not_found', message: `${id} is no longer stored`, retryable: false });
  }
}

/** What a record says of an error: its own code where it has one, and whether another attempt may mend it. */
export function describeError(error: unknown): JobError {
  if (error instanceof JobFailure) return error.error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal_error';
  const message = error instanceof Error ? error.message : String(error);
  return jobError.parse({ code, message, retryable: true });
}
