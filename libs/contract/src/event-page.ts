import { z } from 'zod';
import { jobEvent, type StoredJobEvent } from './job-event.js';
import { pageOf, queryCount } from './page.js';

/** A place in a job's event stream, `<ms>-<n>`. */
export const eventId = z.string().regex(/^[0-9]{1,15}-[0-9]{1,15}$/u, 'an event id, such as 1767225600000-0');

/** The query of a job's events; `limit` is of `format=json` only. */
export const eventQuery = z.strictObject({
  format: z.enum(['stream', 'json']).default('stream'),
  limit: queryCount(10_000).default(10_000).describe('How many events at most; JSON only.'),
  after: eventId.optional().describe('Like `Last-Event-ID`, for clients that cannot set headers.'),
});

/** An event as JSON: what the stream carries as its data. */
export const eventItem = z.intersection(z.object({ id: eventId, at: z.iso.datetime() }), jobEvent);

/** One message of the stream, as clients parse it: what `EventSource` hands over, with the data still to be read as JSON. */
export const eventMessageFields = z.object({
  id: eventId.optional().describe('Its place in the stream, for `Last-Event-ID`; a `gap` has none.'),
  event: z.enum(['state', 'metric', 'sample', 'checkpoint', 'text', 'log', 'gap']).describe('The type of the event.'),
  data: z.string().describe('The event as JSON: an item of `EventPage`; of a `gap`, `{"type":"gap"}`.'),
});

/** An event as clients see it. */
export function eventItemOf({ id, at, event }: StoredJobEvent): z.output<typeof eventItem> {
  return { id, at, ...event };
}

export const eventPage = pageOf(eventItem);
export type EventPage = z.output<typeof eventPage>;
