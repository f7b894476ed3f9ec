import { jobEvent, type StoredJobEvent } from '@glyphmill/jobs';
import { z } from 'zod';
import { pageOf } from '../paging/page.js';
import { invalidRequest } from '../problem/field-errors.js';

/** A place in a job's event stream, `<ms>-<n>`. */
const eventId = z.string().regex(/^\d{1,15}-\d{1,15}$/u, 'an event id, such as 1767225600000-0');

/** Parses a `Last-Event-ID` header; a client that makes one up is told so. */
export function parseEventId(header: string): string {
  const parsed = eventId.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues, 'Last-Event-ID');
}

/** The query of a job's events; `limit` is of `format=json` only. */
export const eventQuery = z.strictObject({
  format: z.enum(['stream', 'json']).default('stream'),
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000).describe('How many events at most; JSON only.'),
  after: eventId.optional().describe('Like `Last-Event-ID`, for clients that cannot set headers.'),
});

/** An event as JSON: what the stream carries as its data. */
const eventItem = z.intersection(z.object({ id: eventId, at: z.iso.datetime() }), jobEvent);

/** An event as clients see it. */
export function eventItemOf({ id, at, event }: StoredJobEvent): z.output<typeof eventItem> {
  return { id, at, ...event };
}

export const eventPage = pageOf(eventItem);
export type EventPage = z.output<typeof eventPage>;
