import { STATUS_CODES } from 'node:http';
import { type ProblemCode, PROBLEMS } from '@glyphmill/contract';
import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What any operation with a parameter in its path or query answers. */
const OF_PARAMETERS: ProblemCode[] = ['invalid_request'];

/** What any operation that reads a body answers. */
const OF_BODIES: ProblemCode[] = [
  'incomplete_body',
  'request_timeout',
  'unsupported_media_type',
  'unsupported_coding',
  'unsupported_charset',
  'expectation_failed',
];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Adds to each operation of a document the problems that its parameters and its body can have, whatever it does. */
export function addCommonProblems({ paths }: OpenAPIObject): void {
  for (const path of Object.values(paths)) {
    for (const operation of METHODS.map((method) => path[method])) {
      if (!operation) continue;
      if (operation.parameters?.length) addProblems(operation, OF_PARAMETERS);
      if (operation.requestBody) addProblems(operation, OF_BODIES);
    }
  }
}

function addProblems(operation: Operation, codes: ProblemCode[]): void {
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    const known = operation.responses[status];
    if (known && !('description' in known)) continue;
    const before = known?.description ?? `${STATUS_CODES[status]}:`;
    if (before.includes(`\`${code}\``)) continue;
    operation.responses[status] = {
      ...known,
      description: `${before}${before.endsWith(':') ? '' : ','} \`${code}\``,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}
