import { setTimeout as wait } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { ApiPool } from './api-pool.js';

/** What one client heard of a job's events over server-sent events, whatever became of its connections. */
export interface Heard {
  ids: string[];
  /** Whether it was told that events were trimmed. */
  hasGap: boolean;
  reconnects: number;
}

const RECONNECT_MS = 500;

/** Follows a job's events, from where the last connection broke, until a reconnect says that there are no more. */
export async function follow(api: ApiPool, jobId: string, signal: AbortSignal): Promise<Heard> {
  const heard: Heard = { ids: [], hasGap: false, reconnects: -1 };
  while (!signal.aborted) {
    heard.reconnects += 1;
    try {
      if (await isOver(api, jobId, heard, signal)) return heard;
    } catch {
      await wait(RECONNECT_MS);
    }
  }
  return heard;
}

/** Listens on one connection until it ends. Gives whether all was heard. */
async function isOver(api: ApiPool, jobId: string, heard: Heard, signal: AbortSignal): Promise<boolean> {
  const last = heard.ids.at(-1);
  const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last };
  const response = await fetch(`${await api.url()}/api/jobs/${jobId}/events`, { headers, signal });
  if (response.status === 204) return true;
  if (!response.ok || !response.body) throw new Error(`the api answered ${response.status}`);
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { id, event } of messages) {
    if (event === 'gap') heard.hasGap = true;
    else if (id !== undefined) heard.ids.push(id);
  }
  return false;
}
