import { createHash } from 'node:crypto';
import type { IdempotencyKey } from '@glyphmill/jobs';
import { z } from 'zod';
import { invalidRequest } from '../../problem/field-errors.js';

/** The header of a request that is done once, however often it is sent. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** What documents say of it. */
export const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  required: false,
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  description:
    'Your name for this request. For a day the same key and request are answered with the jobs that were made first, so ' +
    'a request whose answer was lost can be sent again. When those jobs have been deleted the answer is 410, and nothing ' +
    'runs again; another request under the same key is 422.',
};

const key = z.string().regex(/^[\x21-\x7e]{1,255}$/u, '1 to 255 visible ASCII characters, without spaces');

/**
 * The key of a request: its route and the header's value, and a hash of what was asked, with all defaults filled in.
 * `undefined` if there is no header. Throws the problem `invalid_request`.
 */
export function idempotencyOf(header: string | undefined, route: string, asked: unknown): IdempotencyKey | undefined {
  if (header === undefined) return undefined;
  const parsed = key.safeParse(header);
  if (!parsed.success) throw invalidRequest(parsed.error.issues, IDEMPOTENCY_PARAMETER.name);
  return { scope: sha256(`${route}\n${parsed.data}`), hash: sha256(JSON.stringify(asked)) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
