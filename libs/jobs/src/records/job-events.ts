import { JOB_STATES, jobEvent, type JobState, type StoredJobEvent } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import type { JobKeys } from './job-keys.js';

/** About how many events a job's stream keeps; older ones are trimmed, and followers are told about the gap. */
export const STREAM_CAP = 20_000;

/** How many events are read at once unless it is said. */
export const EVENT_PAGE = 1000;

/** Some of a job's events. */
export interface EventPage {
  /** Whether events before these were trimmed, which the reader has not seen. */
  gap: boolean;
  events: StoredJobEvent[];
  /** The state of the job just before they were read; `undefined` if there is no such job. */
  state: JobState | undefined;
}

/**
 * Reads a job's events after an id. The stream is made when a worker first claims the job; that it was queued before
 * is said by an event `<createdAtMs>-0` that no stream holds.
 */
export async function readEvents(
  redis: Redis,
  keys: JobKeys,
  id: string,
  after: string,
  count: number,
): Promise<EventPage> {
  const [createdAt, given] = await redis.hmget(keys.job(id), 'createdAt', 'state');
  const state = JOB_STATES.find((known) => known === given);
  if (state === undefined) return { gap: false, events: [], state };
  const queuedId = `${createdAt}-0`;
  const events: StoredJobEvent[] = [];
  if (compareEventIds(after, queuedId) < 0) {
    events.push({ id: queuedId, at: timeOf(queuedId), event: { type: 'state', state: 'queued' } });
  }
  if (events.length === count) return { gap: false, events, state };
  const entries = await redis.xrange(
    keys.events(id),
    `(${after === '0' ? '0-0' : after}`,
    '+',
    'COUNT',
    count - events.length,
  );
  for (const [entryId, fields] of entries) {
    const event = jobEvent.parse(JSON.parse(fields[1] ?? 'null'));
    events.push({ id: entryId, at: timeOf(entryId), event });
  }
  const oldestLeft = entries[0]?.[0];
  const gap = oldestLeft !== undefined && (await trimmedBetween(redis, keys.events(id), after, oldestLeft));
  return { gap, events, state };
}

/** Orders stream ids, `<ms>-<n>`; the second part may be missing. */
export function compareEventIds(a: string, b: string): number {
  const [aMs = 0, aNumber = 0] = a.split('-').map(Number);
  const [bMs = 0, bNumber = 0] = b.split('-').map(Number);
  return aMs - bMs || aNumber - bNumber;
}

function timeOf(id: string): string {
  return new Date(Number(id.split('-')[0])).toISOString();
}

/** Whether the stream lost entries that a reader at `after` has not seen: it was trimmed, up to where it reads on. */
async function trimmedBetween(redis: Redis, stream: string, after: string, next: string): Promise<boolean> {
  const answer = await redis.xinfo('STREAM', stream);
  if (!Array.isArray(answer)) return false;
  const field = (name: string) => (answer as unknown[])[(answer as unknown[]).indexOf(name) + 1];
  const trimmed = Number(field('entries-added')) - Number(field('length'));
  const first = field('first-entry');
  const firstId = Array.isArray(first) ? String(first[0]) : next;
  return trimmed > 0 && compareEventIds(after, firstId) < 0 && compareEventIds(firstId, next) === 0;
}
