import type { IncomingHttpHeaders } from 'node:http';
import { MIMEType } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/** The content types that a route takes instead of JSON. */
const ROUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ['POST /api/datasets', ['multipart/form-data', 'text/plain']],
]);

const JSON_ONLY = ['application/json'];

/** Names of UTF-8, and of its part that is ASCII. */
const UTF8_NAMES: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a request announces a body. */
export function hasBody({ headers }: { headers: IncomingHttpHeaders }): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Refuses a body that its route does not read, before the body is: one of another content type, one that is compressed,
 * and one in another encoding than UTF-8. Throws `unsupported_media_type`, `unsupported_coding`, `unsupported_charset`.
 */
export function checkMediaType({ method, headers, routeOptions }: FastifyRequest): void {
  if (!hasBody({ headers }) || routeOptions.url === undefined) return;
  const taken = ROUTES.get(`${method} ${routeOptions.url}`) ?? JSON_ONLY;
  const type = parseMediaType(headers['content-type']);
  if (type === undefined || !taken.includes(type.essence)) {
    const given = headers['content-type'] === undefined ? 'of no content type' : `"${headers['content-type']}"`;
    const detail = `The body is ${given}; ${method} ${routeOptions.url} takes ${taken.join(' or ')}.`;
    throw new Problem('unsupported_media_type', detail);
  }
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    const detail = `The body is compressed (Content-Encoding: ${coding}), and bodies are read as they are. Send it without compression.`;
    throw new Problem('unsupported_coding', detail, { headers: { 'accept-encoding': 'identity' } });
  }
  checkCharset(type, 'The body');
}

/** Refuses an encoding of text that is declared and is not UTF-8. Throws `unsupported_charset`. */
export function checkCharset(type: MIMEType, what: string): void {
  const charset = type.params.get('charset');
  if (charset === null || UTF8_NAMES.has(charset.toLowerCase())) return;
  const detail = `${what} is declared as charset=${charset}, and text is read as UTF-8 only. Convert it, for example with \`iconv -f ${charset} -t UTF-8\`.`;
  throw new Problem('unsupported_charset', detail);
}

/** A content type with its parameters; `undefined` if there is none or it is none. */
export function parseMediaType(header: string | undefined): MIMEType | undefined {
  try {
    return header === undefined ? undefined : new MIMEType(header);
  } catch {
    return undefined;
  }
}
