import type { ProblemCode } from '@glyphmill/contract';

/** What a request can be refused for before it becomes a job. */
export type RefusalCode = Extract<
  ProblemCode,
  | 'invalid_request'
  | 'unknown_dataset'
  | 'unknown_model'
  | 'unknown_job'
  | 'would_not_fit'
  | 'init_mismatch'
  | 'resume_mismatch'
  | 'no_checkpoint'
  | 'job_state_conflict'
  | 'not_json_lines'
  | 'job_too_large'
  | 'prompts_lost'
  | 'dataset_built_in'
  | 'dataset_in_use'
  | 'model_in_use'
>;

interface RefusalDetails {
  /** The field of the request that it is about, as in `training.maxSteps`. */
  field?: string;
  /** What to do instead, as a sentence; a surface may know a better one. */
  remedy?: string;
  /** What a program may want to know beside the code. */
  facts?: Record<string, unknown>;
}

/** A service does not do what a client asked. It knows no HTTP: each surface shows it in its own form. */
export class Refusal extends Error {
  readonly field: string | undefined;
  readonly remedy: string | undefined;
  readonly facts: Record<string, unknown>;

  /** `reason` is a sentence without its full stop. */
  constructor(
    readonly code: RefusalCode,
    readonly reason: string,
    { field, remedy, facts = {} }: RefusalDetails = {},
  ) {
    super(field === undefined ? reason : `${field}: ${reason}`);
    this.field = field;
    this.remedy = remedy;
    this.facts = facts;
  }
}

/** One request of several that came together failed; the cause says why. */
export class BatchItemError extends Error {
  /** `place` is that of the request, from 0. */
  constructor(
    readonly place: number,
    cause: unknown,
  ) {
    super(`request ${place} of a batch failed`, { cause });
  }
}
