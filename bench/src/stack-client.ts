import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';

const created = z.object({ id: z.string() });
const event = z.looseObject({ type: z.string() });
export type StackEvent = z.output<typeof event>;

/** Sends a body of JSON; gives the id of what was made of it. Throws with what the api answered where it refuses. */
export async function postJson(address: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  return createdId(await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** The id of what a request has made. Throws with what the api answered where it refused. */
export async function createdId(response: Response): Promise<string> {
  const body = await response.text();
  if (!response.ok) throw new Error(`the api answered ${response.status}: ${body}`);
  return created.parse(JSON.parse(body)).id;
}

/** The events of a job as they arrive, until it has ended. */
export async function* jobEvents(url: string, id: string): AsyncGenerator<StackEvent> {
  const response = await fetch(`${url}/api/jobs/${id}/events`);
  if (!response.ok || !response.body) throw new Error(`the api answered ${response.status}: ${await response.text()}`);
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) if (data) yield event.parse(JSON.parse(data));
}

/** Cancels a job, and returns when it is cancelled. */
export async function cancelJob(url: string, id: string): Promise<void> {
  await createdId(await fetch(`${url}/api/jobs/${id}/cancel`, { method: 'POST' }));
}
