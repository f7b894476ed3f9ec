import type { ServerResponse } from 'node:http';

/** What is answered loads nothing, is shown in no frame, and is of no use to a page of another site. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The reference page loads its own scripts and styles, has some styles inline, and tries requests out on this server. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const DOCS = /^\/docs(?:[/?]|$)/u;

/** Sets the headers on an answer that is not yet begun, whoever writes it. */
export function setSecurityHeaders(url: string | undefined, response: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  if (DOCS.test(url ?? '')) response.setHeader('content-security-policy', DOCS_POLICY);
}
