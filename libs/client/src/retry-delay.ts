/** The first delay without a `Retry-After`, and the most one gets to as it doubles. */
const FIRST_MS = 500;
const MOST_MS = 8000;

/**
 * How long to wait before a request is sent again, in milliseconds: what `Retry-After` says (seconds or a date,
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after), otherwise half a second that doubles up to eight, of which a
 * random half is left out, so that clients that failed together do not come back together.
 */
export function retryDelayMs(retriesBefore: number, retryAfter: string | null, now = Date.now()): number {
  const told = retryAfter === null ? undefined : retryAfterMs(retryAfter.trim(), now);
  return told ?? Math.min(MOST_MS, FIRST_MS * 2 ** retriesBefore) * (1 - Math.random() / 2);
}

function retryAfterMs(value: string, now: number): number | undefined {
  if (/^[0-9]+$/u.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
