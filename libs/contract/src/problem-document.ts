import { z } from 'zod';

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
