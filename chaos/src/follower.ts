import { type GlyphmillClient, UnreachableError } from '@glyphmill/client';

/** What one client heard of a job's events over server-sent events, whatever became of its connections. */
export interface Heard {
  ids: string[];
  /** Whether it was told that events were trimmed. */
  hasGap: boolean;
  reconnects: number;
}

/** Follows a job's events to their end, or until the signal. */
export async function follow(client: GlyphmillClient, jobId: string, signal: AbortSignal): Promise<Heard> {
  const heard: Heard = { ids: [], hasGap: false, reconnects: 0 };
  const onReconnect = () => (heard.reconnects += 1);
  while (!signal.aborted) {
    try {
      for await (const event of client.jobs.events(jobId, { after: heard.ids.at(-1), signal, onReconnect })) {
        if (event.type === 'gap') heard.hasGap = true;
        else heard.ids.push(event.id);
      }
      return heard;
    } catch (error) {
      if (!signal.aborted && !(error instanceof UnreachableError)) throw error;
    }
  }
  return heard;
}
