import { eventId } from '@glyphmill/contract';
import { invalidRequest } from '../../problem/field-errors.js';

/** Parses a `Last-Event-ID` header; a client that makes one up is told so. */
export function parseEventId(header: string): string {
  const parsed = eventId.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues, 'Last-Event-ID');
}
