import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/** The content types that a route takes instead of JSON. */
const ROUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ['POST /api/datasets', ['multipart/form-data', 'text/plain']],
]);

const JSON_ONLY = ['application/json'];

/** Refuses a body of a content type that its route does not read, before the body is. Throws `unsupported_media_type`. */
export function checkMediaType({ method, headers, routeOptions }: FastifyRequest): void {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody || routeOptions.url === undefined) return;
  const taken = ROUTES.get(`${method} ${routeOptions.url}`) ?? JSON_ONLY;
  const given = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (given !== undefined && taken.includes(given)) return;
  const detail = `The body is ${given ? `"${given}"` : 'of no content type'}; ${method} ${routeOptions.url} takes ${taken.join(' or ')}.`;
  throw new Problem('unsupported_media_type', detail);
}
