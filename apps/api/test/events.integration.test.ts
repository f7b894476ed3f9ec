import { eventPage, type Job, type JobEvent, trainRequest } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi();

interface Message {
  id?: string;
  event?: string;
  data?: string;
}

async function createJob(): Promise<Job> {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [created] = await api().jobs.create([{ kind: 'train', request }]);
  if (!created) throw new Error('no job');
  return created;
}

async function claim(id: string): Promise<void> {
  await api().jobs.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
}

async function report(id: string, sequence: number, ...events: JobEvent[]): Promise<void> {
  await api().jobs.report(id, 'token', sequence, { events });
}

async function finish(id: string): Promise<void> {
  const result = { model: 'model_1', trainLoss: 2, validationLoss: 2 };
  await api().jobs.settle(id, 'token', { state: 'succeeded', result });
}

function openEvents(id: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${api().url}/api/jobs/${id}/events`, { headers, ...(signal && { signal }) });
}

/** The messages of an event stream as they come; comments and `retry` are left out. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  if (!response.body) throw new Error('no body');
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields: Message = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/u, 2)));
      if (fields.event) yield fields;
    }
  }
}

function labelOf({ event, data }: Message): string {
  const { state, step } = JSON.parse(data ?? '{}');
  return `${event} ${state ?? step}`;
}

test('a stream reports what happens while it happens, and ends after the final state', async () => {
  const { id } = await createJob();
  const response = await openEvents(id);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const messages = messagesOf(response);
  const next = async () => labelOf((await messages.next()).value ?? {});
  expect(await next()).toBe('state queued');
  await claim(id);
  expect(await next()).toBe('state running');
  await report(id, 1, { type: 'metric', step: 5, trainLoss: 3 }, { type: 'sample', step: 5, text: 'Call\nme' });
  expect(await next()).toBe('metric 5');
  expect(await next()).toBe('sample 5');
  await finish(id);
  expect(await next()).toBe('state succeeded');
  expect((await messages.next()).done).toBe(true);
});

test('Last-Event-ID replays what a client missed, and nothing else', async () => {
  const { id } = await createJob();
  await claim(id);
  await report(id, 1, { type: 'metric', step: 1 }, { type: 'metric', step: 2 }, { type: 'metric', step: 3 });
  await finish(id);
  const all = await Array.fromAsync(messagesOf(await openEvents(id)));
  const seen = all.findIndex((message) => labelOf(message) === 'metric 2');
  const lastEventId = all[seen]?.id ?? '';
  const replayed = await Array.fromAsync(messagesOf(await openEvents(id, { 'last-event-id': lastEventId })));
  expect(replayed).toEqual(all.slice(seen + 1));
  expect(replayed.map(labelOf)).toEqual(['metric 3', 'state succeeded']);
});

test('a client that has the final state gets 204 when it connects again', async () => {
  const { id } = await createJob();
  await claim(id);
  await finish(id);
  const messages = await Array.fromAsync(messagesOf(await openEvents(id)));
  const again = await openEvents(id, { 'last-event-id': messages.at(-1)?.id ?? '' });
  expect(again.status).toBe(204);
});

test('two clients of one job each get every event', async () => {
  const { id } = await createJob();
  const collected = [openEvents(id), openEvents(id)].map(async (response) =>
    (await Array.fromAsync(messagesOf(await response))).map(labelOf),
  );
  await claim(id);
  await report(id, 1, { type: 'metric', step: 1 });
  await finish(id);
  const [first, second] = await Promise.all(collected);
  expect(first).toEqual(['state queued', 'state running', 'metric 1', 'state succeeded']);
  expect(second).toEqual(first);
});

test('format=json answers the events so far, page by page', async () => {
  const { id } = await createJob();
  await claim(id);
  await report(id, 1, { type: 'metric', step: 1 });
  const get = async (query: string) =>
    eventPage.parse(await (await fetch(`${api().url}/api/jobs/${id}/events?format=json${query}`)).json());
  const whole = await get('');
  expect(whole.data.map(({ type }) => type)).toEqual(['state', 'state', 'metric']);
  expect(whole.nextCursor).toBeNull();
  const first = await get('&limit=2');
  const rest = await get(`&after=${first.nextCursor}`);
  expect([...first.data, ...rest.data]).toEqual(whole.data);
});

test('an id that no stream gives out is refused', async () => {
  const { id } = await createJob();
  const problem = await problemOf(await openEvents(id, { 'last-event-id': 'yesterday' }));
  expect(problem).toMatchObject({ status: 400, errors: [{ path: 'Last-Event-ID' }] });
});

test('a stream ends when the API does', async () => {
  const { id } = await createJob();
  const messages = messagesOf(await openEvents(id));
  await messages.next();
  const end = messages.next();
  await api().closeApp();
  expect((await end).done).toBe(true);
});
