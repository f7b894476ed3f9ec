import { expect, test } from 'vitest';
import { GlyphmillClient } from './glyphmill-client.js';
import { TRAIN_JOB } from './jobs.fixture.js';
import { json, problem, serve } from './scripted-server.fixture.js';
import type { ClientEvent } from './event-stream.js';

const AT = '2027-01-01T00:00:00.000Z';
const message = (id: number, event: { type: string; [field: string]: string }) =>
  `id: ${id}-0\nevent: ${event.type}\ndata: ${JSON.stringify({ id: `${id}-0`, at: AT, ...event })}\n\n`;
const log = (id: number) => message(id, { type: 'log', level: 'info', message: `event ${id}` });
const end = (id: number) => message(id, { type: 'state', state: 'succeeded' });
const RETRY = 'retry: 1\n\n';

async function all(events: AsyncGenerator<ClientEvent>): Promise<string[]> {
  const ids: string[] = [];
  for await (const event of events) ids.push(event.type === 'gap' ? 'gap' : event.id);
  return ids;
}

test('a stream that breaks, even within an event, continues after the last whole event, without a gap or a double', async () => {
  const { url, received } = await serve(
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(RETRY + log(1) + log(2) + log(3).slice(0, 25), () => response.destroy());
    },
    problem(503, 'shutting_down', { 'retry-after': '0' }),
    (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(RETRY + log(3)),
    (response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`: heartbeat\n\n${log(4)}${end(5)}`),
  );
  let reconnects = 0;
  const events = new GlyphmillClient({ url }).jobs.events('job_1', { onReconnect: () => (reconnects += 1) });
  expect(await all(events)).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
  expect(received.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2-0', '2-0', '3-0']);
  expect(reconnects).toBe(2);
});

test('a follower that knows the last event of a finished job hears no more, and a gap is reported', async () => {
  const over = await serve((response) => response.writeHead(204).end());
  expect(await all(new GlyphmillClient({ url: over.url }).jobs.events('job_1', { after: '5-0' }))).toEqual([]);
  expect(over.received[0]?.headers['last-event-id']).toBe('5-0');
  const trimmed = await serve((response) => response.end(`event: gap\ndata: {"type":"gap"}\n\n${end(9)}`));
  expect(await all(new GlyphmillClient({ url: trimmed.url }).jobs.events('job_1'))).toEqual(['gap', '9-0']);
});

test('a follower of a job that does not exist is told so', async () => {
  const { url } = await serve(problem(404, 'job_not_found'));
  await expect(all(new GlyphmillClient({ url }).jobs.events('job_1'))).rejects.toMatchObject({ code: 'job_not_found' });
});

test('a follower that aborts ends at once, and the connection with it', async () => {
  const abort = new AbortController();
  const { url } = await serve((response) => response.write(log(1)));
  const events = new GlyphmillClient({ url }).jobs.events('job_1', { signal: abort.signal });
  expect((await events.next()).value).toMatchObject({ id: '1-0' });
  const next = events.next();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('waiting for a job to succeed returns it, and throws its error if it failed', async () => {
  const told = (state: string) => message(1, { type: 'state', state });
  const done = await serve(
    (response) => response.end(told('succeeded')),
    json(200, { ...TRAIN_JOB, state: 'succeeded' }),
  );
  expect(await new GlyphmillClient({ url: done.url }).jobs.succeeded('job_1')).toMatchObject({ state: 'succeeded' });
  const error = { code: 'bad_text', message: 'the text is bad', retryable: false };
  const bad = await serve(
    (response) => response.end(told('failed')),
    json(200, { ...TRAIN_JOB, state: 'failed', error }),
  );
  await expect(new GlyphmillClient({ url: bad.url }).jobs.succeeded('job_1')).rejects.toMatchObject({
    code: 'job_unsuccessful',
    message: 'job_1 is failed: the text is bad (bad_text)',
  });
});
