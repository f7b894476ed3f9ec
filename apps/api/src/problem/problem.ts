import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from './problem-catalog.js';

/** One field of a request that cannot be used, and why. */
export const fieldError = z.object({
  path: z.string().describe('Where it is, as in `training.maxSteps` or `prompts[3]`; empty for the whole body.'),
  message: z.string(),
});
export type FieldError = z.output<typeof fieldError>;

/** RFC 9457's problem document, as every error is answered. */
export const problemDocument = z.looseObject({
  type: z.string().describe('`urn:glyphmill:problem:` and the code.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What is wrong with this request, and what to do.'),
  code: z.string().describe('Stable; meant for programs.'),
  instance: z.string().optional().describe('`urn:glyphmill:request:` and the `x-request-id`.'),
  errors: z.array(fieldError).optional().describe('For a request that does not parse: each field at fault.'),
});
export type ProblemDocument = z.output<typeof problemDocument>;

interface ProblemExtras {
  /** What a program may want to know beside the code, as further members of the document. */
  members?: Record<string, unknown>;
  errors?: FieldError[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An error that a client is told as it is: thrown anywhere in the api, answered by the problem filter. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** The document for the request with this id. */
  document(requestId: string): ProblemDocument {
    return {
      type: `urn:glyphmill:problem:${this.code}`,
      title: PROBLEMS[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      instance: `urn:glyphmill:request:${requestId}`,
      ...(this.extras.errors && { errors: this.extras.errors }),
      ...this.extras.members,
    };
  }
}
