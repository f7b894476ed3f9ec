import type { ProblemCode } from '@glyphmill/contract';

/** What any request that makes jobs can meet. */
export const CREATION = [
  'malformed_json',
  'invalid_request',
  'body_too_large',
  'unsupported_media_type',
  'idempotency_conflict',
  'job_deleted',
  'queue_full',
  'queue_unavailable',
  'storage_unavailable',
  'artifact_damaged',
] as const satisfies ProblemCode[];

/** What one that trains can meet beside. */
export const TRAINING = [
  'unknown_dataset',
  'text_too_uniform',
  'text_too_short',
  'would_not_fit',
  'unknown_model',
  'init_mismatch',
  'unknown_job',
  'job_state_conflict',
  'resume_mismatch',
  'no_checkpoint',
] as const satisfies ProblemCode[];

/** What one that generates can meet beside. */
export const GENERATION = [
  'unknown_model',
  'unknown_dataset',
  'not_json_lines',
  'job_too_large',
  'storage_full',
] as const satisfies ProblemCode[];
