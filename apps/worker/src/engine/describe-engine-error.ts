import type { JobError } from '@glyphmill/contract';
import { DatasetError } from '@glyphmill/data';
import { ArtifactDamagedError, explainSystemError, StorageUnavailableError } from '@glyphmill/storage';
import { memoryComplaint } from './out-of-memory.js';

/** Errors that another attempt meets again, beside those of a dataset: a loss that is no number, what does not fit. */
const LASTING_CODES = new Set([
  'loss_not_finite',
  'parity',
  'device_unavailable',
  'model_folder_invalid',
  'safetensors_invalid',
  'init_mismatch',
  'resume_mismatch',
  'checkpoint_lost',
]);

/** What an engine says of an error that ended a piece of work; one of the system's is about its storage. */
export function describeEngineError(raised: unknown): JobError {
  const error = explainSystemError(raised);
  if (!(error instanceof Error)) return { code: 'engine_error', message: String(error), retryable: true };
  if (error instanceof ArtifactDamagedError)
    return { code: 'corrupt_artifact', message: error.message, retryable: false };
  if (memoryComplaint(error.message)) return { code: 'out_of_memory', message: error.message, retryable: false };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'engine_error';
  const isLasting = error instanceof StorageUnavailableError ? !error.mayPass : LASTING_CODES.has(code);
  const message = error instanceof StorageUnavailableError ? error.publicMessage : error.message;
  return { code, message, retryable: !(error instanceof DatasetError || isLasting) };
}
