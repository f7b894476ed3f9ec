/**
 * Every problem this api answers with: its stable code, its HTTP status, and its title. 400 is for a request that does
 * not parse, 422 for one that is well-formed but impossible, 409 for one that comes at the wrong time.
 */
export const PROBLEMS = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  incomplete_body: { status: 400, title: 'The request ended before its end' },
  malformed_multipart: { status: 400, title: 'The body is not a multipart form' },
  invalid_request: { status: 400, title: 'The request has fields that cannot be used' },
  invalid_utf8: { status: 400, title: 'The text is not UTF-8' },
  looks_like_utf16: { status: 400, title: 'The text is UTF-16' },
  missing_file: { status: 400, title: 'The form has no file' },
  cross_origin: { status: 403, title: 'A page of another site sent the request' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  dataset_not_found: { status: 404, title: 'There is no such dataset' },
  job_not_found: { status: 404, title: 'There is no such job' },
  model_not_found: { status: 404, title: 'There is no such model' },
  file_not_found: { status: 404, title: 'The model has no such file' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  job_state_conflict: { status: 409, title: 'The job is in a state in which this makes no sense' },
  dataset_built_in: { status: 409, title: 'A built-in dataset stays' },
  dataset_in_use: { status: 409, title: 'A job uses the dataset' },
  artifact_damaged: { status: 409, title: 'What is stored is damaged' },
  model_in_use: { status: 409, title: 'A job uses the model' },
  job_deleted: { status: 410, title: 'The job that the request made has been deleted' },
  precondition_failed: { status: 412, title: 'The file is not the one that the request expects' },
  body_too_large: { status: 413, title: 'The body is too large' },
  upload_too_large: { status: 413, title: 'The upload is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  unsupported_media_type: { status: 415, title: 'The body has a content type that is not taken here' },
  unsupported_coding: { status: 415, title: 'The body is compressed' },
  unsupported_charset: { status: 415, title: 'The body is declared as another encoding than UTF-8' },
  range_not_satisfiable: { status: 416, title: 'The file does not have this range' },
  expectation_failed: { status: 417, title: 'The request expects what the server cannot do' },
  unknown_host: { status: 421, title: 'This server is not known by that name' },
  unknown_dataset: { status: 422, title: 'The dataset that the request names is not there' },
  unknown_model: { status: 422, title: 'The model that the request names is not there' },
  unknown_job: { status: 422, title: 'The job that the request names is not there' },
  init_mismatch: { status: 422, title: 'The training cannot start from the weights of this model' },
  resume_mismatch: { status: 422, title: 'The training is not one that the job can be resumed as' },
  no_checkpoint: { status: 422, title: 'The job has no checkpoint to continue from' },
  text_empty: { status: 422, title: 'The text is empty' },
  text_too_uniform: { status: 422, title: 'The text has one distinct character' },
  text_too_short: { status: 422, title: 'The text is too short for the block' },
  would_not_fit: { status: 422, title: 'The training would not fit into memory' },
  not_json_lines: { status: 422, title: 'The dataset is no file of prompts' },
  job_too_large: { status: 422, title: 'The job asks for more text than one job may' },
  prompts_lost: { status: 422, title: 'The prompts of the job are no longer stored' },
  idempotency_conflict: { status: 422, title: 'The Idempotency-Key was used for another request' },
  no_output: { status: 422, title: 'This kind of job writes no text' },
  queue_full: { status: 429, title: 'The queue is full' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something unexpected happened' },
  shutting_down: { status: 503, title: 'The server is stopping' },
  not_ready: { status: 503, title: 'The server is not ready' },
  queue_unavailable: { status: 503, title: 'The queue does not answer' },
  storage_unavailable: { status: 503, title: 'The storage does not answer' },
  storage_full: { status: 507, title: 'The storage is full' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Whether a library's error code is one that clients are told. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
