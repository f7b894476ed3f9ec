import type { JobError } from '@glyphmill/jobs';

/** Errors that another attempt meets again: bad input, a loss that is no number, what does not fit. */
const LASTING_CODES = new Set([
  'invalid_utf8',
  'text_empty',
  'text_too_short',
  'text_too_uniform',
  'unknown_character',
  'loss_not_finite',
  'parity',
  'device_unavailable',
  'model_folder_invalid',
]);

/** What an engine says of an error that ended a piece of work. */
export function describeEngineError(error: unknown): JobError {
  if (!(error instanceof Error)) return { code: 'engine_error', message: String(error), retryable: true };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'engine_error';
  return { code, message: error.message, retryable: !LASTING_CODES.has(code) };
}
