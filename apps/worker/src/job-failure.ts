import { jobError, type JobError, type JobKind } from '@glyphmill/contract';
import { ArtifactDamagedError, ArtifactNotFoundError, StorageUnavailableError } from '@glyphmill/storage';
import { publicMessage } from './public-message.js';

/** A job cannot be done; what its record will say. */
export class JobFailure extends Error {
  constructor(readonly error: JobError) {
    super(error.message);
  }
}

/**
 * Returns what `read` yields of what is stored of a dataset or model. If that was deleted, or is damaged, another attempt
 * meets the same: throws {@link JobFailure}.
 */
export async function readStored<Value>(id: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ArtifactNotFoundError) {
      const message = `${id} is no longer stored, or not whole: there is no "${error.key}"`;
      throw new JobFailure({ code: 'not_found', message, retryable: false });
    }
    if (!(error instanceof ArtifactDamagedError)) throw error;
    const message = `${error.message} Store ${id} anew.`;
    throw new JobFailure({ code: 'corrupt_artifact', message, retryable: false });
  }
}

/** What takes less memory, for a job that got too little. */
const TAKES_LESS: Record<JobKind, string> = {
  train:
    'Make training.batchSize smaller (gradientAccumulationSteps makes up for it), or model.blockSize, nEmbd or nLayer; ' +
    'or give the worker more memory.',
  generate: 'Take a smaller model, or give the worker more memory.',
};

/** What a record says of a job's error: its own code where it has one, and whether another attempt may mend it. */
export function describeError(error: unknown, kind: JobKind): JobError {
  const raised = describe(error);
  const described = { ...raised, message: publicMessage(raised.message) };
  if (described.code !== 'out_of_memory') return described;
  return { ...described, message: `${described.message}. ${TAKES_LESS[kind]}`, retryable: false };
}

function describe(error: unknown): JobError {
  if (error instanceof JobFailure) return error.error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal_error';
  if (error instanceof ArtifactDamagedError)
    return { code: 'corrupt_artifact', message: error.message, retryable: false };
  const message =
    error instanceof StorageUnavailableError
      ? error.publicMessage
      : error instanceof Error
        ? error.message
        : String(error);
  const retryable = !(error instanceof StorageUnavailableError) || error.mayPass;
  return jobError.parse({ code, message, retryable });
}
