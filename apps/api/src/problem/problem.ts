import { type FieldError, type ProblemCode, type ProblemDocument, PROBLEMS } from '@glyphmill/contract';

interface ProblemExtras {
  /** What a program may want to know beside the code, as further members of the document. */
  members?: Record<string, unknown>;
  errors?: FieldError[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An error that a client is told as it is: thrown anywhere in the API, answered by the problem filter. */
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
