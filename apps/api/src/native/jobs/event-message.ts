import { eventItemOf, type StoredJobEvent } from '@glyphmill/contract';
import { encodeJsonLine } from '@glyphmill/model/config';
import type { EventGap } from '@glyphmill/jobs';

/** How long a client waits before it connects again. */
export const RETRY = 'retry: 1000\n\n';

/** A comment, which keeps proxies from closing a quiet connection. */
export const HEARTBEAT = ': heartbeat\n\n';

/**
 * One event as the text of a server-sent event: its stream id, its type as the event's name, and the event itself.
 * A gap has no id, so that a reconnect continues from the last event that came.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventMessage(told: StoredJobEvent | EventGap): string {
  if ('gap' in told) return 'event: gap\ndata: {"type":"gap"}\n\n';
  return `id: ${told.id}\nevent: ${told.event.type}\ndata: ${encodeJsonLine(eventItemOf(told))}\n`;
}
