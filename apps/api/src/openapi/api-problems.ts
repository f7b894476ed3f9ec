import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from '../problem/problem-catalog.js';

/** Documents the problems that an operation answers with, one response a status; any operation can meet a 500. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  const byStatus = Map.groupBy([...codes, 'internal_error' as const], (code) => PROBLEMS[code].status);
  const responses = [...byStatus].map(([status, sameStatus]) =>
    ApiResponse({
      status,
      description: `${STATUS_CODES[status]}: ${sameStatus.map((code) => `\`${code}\``).join(', ')}`,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }),
  );
  return applyDecorators(...responses);
}
