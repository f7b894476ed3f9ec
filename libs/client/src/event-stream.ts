import { type EventPage, eventItem, isFinal } from '@glyphmill/contract';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { delay } from './delay.js';
import { UnreachableError } from './errors.js';
import type { HttpClient } from './http-client.js';

/** Events that were trimmed before this client could read them. */
export interface EventGap {
  type: 'gap';
}

export type ClientEvent = EventPage['data'][number] | EventGap;

export interface FollowOptions {
  /** The id of the last event that is known already. */
  after?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called before a broken connection is replaced. */
  onReconnect?: (() => void) | undefined;
}

/** A stream that is silent for so long is broken: the API sends a comment every few seconds. */
const SILENCE_MS = 60_000;

/** How long to wait before another connection, unless the stream says otherwise. */
const RECONNECT_MS = 1000;

/**
 * The events of a job as they come, to its end. A connection that breaks is replaced by one that continues after the last
 * event, so none is missing and none comes twice. Throws what `HttpClient` throws when no new connection can be made.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* followEvents(
  http: HttpClient,
  path: string,
  { after, signal, onReconnect }: FollowOptions = {},
): AsyncGenerator<ClientEvent> {
  let lastId = after;
  let reconnectMs = RECONNECT_MS;
  for (;;) {
    const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
    const response = await http.open({ path, headers, signal });
    if (response.status === 204 || !response.body) return;
    try {
      for await (const message of messagesOf(response.body, signal, (ms) => (reconnectMs = ms))) {
        const event = parseMessage(path, message);
        if (event.type !== 'gap') lastId = event.id;
        yield event;
        if (event.type === 'state' && isFinal(event.state)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UnreachableError) throw error;
    }
    onReconnect?.();
    await delay(reconnectMs, signal);
  }
}

/** The messages of one connection until it ends. Throws when it breaks or is silent. */
async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
  onRetry: (ms: number) => void,
): AsyncGenerator<EventSourceMessage> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message), onRetry });
  const text = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read());
      signal?.throwIfAborted();
      if (done) return;
      parser.feed(text.decode(value, { stream: true }));
      yield* messages.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the event stream is silent')), SILENCE_MS);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function parseMessage(path: string, { event, data }: EventSourceMessage): ClientEvent {
  if (event === 'gap') return { type: 'gap' };
  try {
    return eventItem.parse(JSON.parse(data));
  } catch (cause) {
    throw new UnreachableError(`GET ${path}`, 'an event is not what this version expects', { cause });
  }
}
