import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { GlyphmillClient } from '@glyphmill/client';
import type { JobEvent } from '@glyphmill/contract';
import { afterEach, expect, test } from 'vitest';
import { publishModel } from './model.fixture.js';
import { useApi } from './running-api.fixture.js';

const api = useApi();

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A way to the API whose connections can be broken. */
async function breakable(): Promise<{ url: string; breakAll: () => void }> {
  const { port: apiPort } = new URL(api().url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(apiPort), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  closing.push(breakAll, () => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, breakAll };
}

test('a client whose connections break hears every event of a job once', async () => {
  const { url, breakAll } = await breakable();
  // The API is known by the address that it listens on.
  const client = new GlyphmillClient({ url, headers: { host: new URL(api().url).host } });
  const { id } = await client.jobs.train({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  await api().jobs.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
  const say = async (number: number) => {
    const event: JobEvent = { type: 'log', level: 'info', message: `event ${number}` };
    await api().jobs.report(id, 'token', number, { events: [event] });
  };
  const heard: string[] = [];
  let reconnects = 0;
  for await (const event of client.jobs.events(id, { onReconnect: () => (reconnects += 1) })) {
    if (event.type === 'gap') throw new Error('there was a gap');
    heard.push(event.id);
    if (event.type === 'state' && event.state === 'running') await say(1);
    if (event.type !== 'log') continue;
    breakAll();
    const number = Number(event.message.split(' ')[1]);
    if (number < 5) await say(number + 1);
    else await api().jobs.cancel(id);
  }
  const { data } = await client.jobs.recordedEvents(id);
  expect(heard).toEqual(data.map((event) => event.id));
  expect(data.flatMap((event) => (event.type === 'log' ? [event.message] : []))).toEqual(
    [1, 2, 3, 4, 5].map((number) => `event ${number}`),
  );
  expect(reconnects).toBeGreaterThanOrEqual(5);
});

test('a client does with the real API all that it offers', async () => {
  const client = new GlyphmillClient({ url: api().url });
  const text = await client.datasets.upload('to be or not to be '.repeat(99), { name: 'Hamlet' });
  expect(await client.datasets.get(text.id)).toEqual(text);
  expect((await client.datasets.list({ limit: 1 })).data).toHaveLength(1);
  const model = await publishModel(api().storage);
  expect(await client.models.get(model)).toMatchObject({ id: model });
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual([model]);
  expect((await client.models.file(model, 'manifest.json')).headers.get('content-type')).toContain('json');

  const [train, generate] = await client.jobs.batch([
    { kind: 'train', dataset: text.id, model: { kind: 'bigram' }, tags: ['both'] },
    { kind: 'generate', model, prompts: ['a'], tags: ['both'] },
  ]);
  expect((await client.jobs.list({ tag: 'both', kind: 'train' })).data.map(({ id }) => id)).toEqual([train!.id]);
  expect((await client.queues()).generate.waiting).toBe(1);
  expect(await client.workers()).toEqual([]);
  expect(await client.jobs.pause(train!.id)).toMatchObject({ state: 'paused' });
  expect(await client.jobs.resume(train!.id)).toMatchObject({ state: 'queued' });
  expect(await client.jobs.cancel(train!.id)).toMatchObject({ state: 'cancelled' });
  expect(await client.jobs.retry(train!.id)).toMatchObject({ retryOf: train!.id });
  await expect(client.jobs.succeeded(train!.id)).rejects.toMatchObject({ code: 'job_unsuccessful' });
  await client.jobs.delete(train!.id);
  await expect(client.jobs.get(train!.id)).rejects.toMatchObject({ code: 'job_not_found', status: 404 });
  const lines: unknown[] = [];
  for await (const line of client.jobs.output(generate!.id)) lines.push(line);
  expect(lines).toEqual([]);
  await expect(client.datasets.delete(text.id)).rejects.toMatchObject({ code: 'dataset_in_use' });
  await expect(client.models.delete(model)).rejects.toMatchObject({ code: 'model_in_use' });
});
