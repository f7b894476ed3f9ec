import { STATUS_CODES } from 'node:http';
import { type ProblemCode, PROBLEMS } from '@glyphmill/contract';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** Documents the problems that an operation answers with, beside those that any operation can meet ({@link addCommonProblems}). */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  return ApiProblemsFromAnywhere(...codes, 'cross_origin');
}

/** As {@link ApiProblems}, for an operation that pages of other sites may ask for. One response per status. */
export function ApiProblemsFromAnywhere(...codes: ProblemCode[]): MethodDecorator {
  const byStatus = Map.groupBy(
    [...codes, 'unknown_host' as const, 'internal_error' as const],
    (code) => PROBLEMS[code].status,
  );
  const responses = [...byStatus].map(([status, sameStatus]) =>
    ApiResponse({
      status,
      description: `${STATUS_CODES[status]}: ${sameStatus.map((code) => `\`${code}\``).join(', ')}`,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }),
  );
  return applyDecorators(...responses);
}
