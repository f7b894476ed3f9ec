import { type JobEvent, type StoredJobEvent, trainRequest } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { EventHub } from './event-hub.js';
import { JobKeys } from '../records/job-keys.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';

const valkey = useValkey();
const never = new AbortController().signal;

async function runningJob({ blockMs }: { blockMs?: number } = {}) {
  const prefix = valkey.fresh();
  const redis = valkey.redis();
  const store = new WorkedBoard({ redis, prefix });
  const hub = new EventHub({ redis, store, prefix, ...(blockMs !== undefined && { blockMs }) });
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await store.create([{ kind: 'train', request }]);
  await store.claim(job!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
  let sequence = 0;
  const tell = async (...messages: string[]) => {
    sequence += 1;
    const events: JobEvent[] = messages.map((message) => ({ type: 'log', level: 'info', message }));
    await store.report(job!.id, 'token', sequence, { events });
  };
  const end = () => store.cancel(job!.id);
  return {
    id: job!.id,
    store,
    hub,
    tell,
    end,
    redis,
    stream: new JobKeys(prefix).events(job!.id),
    keys: new JobKeys(prefix),
  };
}

function wordOf(event: StoredJobEvent['event']): string {
  if (event.type === 'log') return event.message;
  return event.type === 'state' ? event.state : event.type;
}

async function words(events: AsyncIterable<StoredJobEvent | { gap: true }>): Promise<string[]> {
  const all: string[] = [];
  for await (const each of events) all.push('gap' in each ? 'gap' : wordOf(each.event));
  return all;
}

test('followers see every event once, in order, up to the final state', async () => {
  const { id, hub, tell, end } = await runningJob();
  const followers = [words(hub.follow(id, '0', never)), words(hub.follow(id, '0', never))];
  await tell('one', 'two');
  await tell('three');
  await end();
  const expected = ['queued', 'running', 'one', 'two', 'three', 'cancelled'];
  expect(await Promise.all(followers)).toEqual([expected, expected]);
  await hub.close();
});

test('a follower that comes back continues after the last event it saw', async () => {
  const { id, hub, store, tell, end } = await runningJob();
  await tell('one', 'two');
  const { events } = await store.readEvents(id, '0');
  const seen = events.find(({ event }) => wordOf(event) === 'one')!;
  await end();
  expect(await words(hub.follow(id, seen.id, never))).toEqual(['two', 'cancelled']);
  await hub.close();
});

test('a follower is told about the gap where the stream was trimmed before it read', async () => {
  const { id, hub, tell, end, redis, stream } = await runningJob();
  await tell('one', 'two', 'three');
  await redis.xtrim(stream, 'MAXLEN', 1);
  await end();
  expect(await words(hub.follow(id, '0', never))).toEqual(['gap', 'queued', 'three', 'cancelled']);
  await hub.close();
});

test('a follower sees every event once although its connections are cut', async () => {
  const { id, hub, tell, end, redis } = await runningJob();
  const follower = hub.follow(id, '0', never);
  await follower.next();
  await follower.next();
  const rest = words(follower);
  await tell('one');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await tell('two');
  await end();
  expect(await rest).toEqual(['one', 'two', 'cancelled']);
  await hub.close();
});

test('a follower of a job that ended and that it saw to its end gets nothing', async () => {
  const { id, hub, store, end } = await runningJob();
  await end();
  const { events } = await store.readEvents(id, '0');
  expect(await words(hub.follow(id, events.at(-1)!.id, never))).toEqual([]);
  await hub.close();
});

test('one hub follows jobs that are added while it reads', async () => {
  const { id, hub, end, store } = await runningJob();
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [other] = await store.create([{ kind: 'train', request }]);
  const follower = hub.follow(id, '0', never);
  const first = [await follower.next(), await follower.next()];
  expect(first.map(({ value }) => ('event' in value ? wordOf(value.event) : 'gap'))).toEqual(['queued', 'running']);
  const rest = words(follower);
  const added = words(hub.follow(other!.id, '0', never));
  await store.cancel(other!.id);
  expect(await added).toEqual(['queued', 'cancelled']);
  await end();
  expect(await rest).toEqual(['cancelled']);
  await hub.close();
});

test('a follower that leaves ends at once, and so do all when the hub closes', async () => {
  const { id, hub } = await runningJob();
  const leaving = new AbortController();
  const left = words(hub.follow(id, '0', leaving.signal));
  const stayed = words(hub.follow(id, '0', never));
  leaving.abort();
  expect(await left).toEqual(expect.not.arrayContaining(['cancelled']));
  await hub.close();
  expect(await stayed).toEqual(['queued', 'running']);
});

test('a follower ends even if its job was deleted without an event that the hub saw', async () => {
  const { id, hub, redis, stream, keys } = await runningJob({ blockMs: 50 });
  const follower = hub.follow(id, '0', never);
  await follower.next();
  await follower.next();
  const rest = words(follower);
  await redis.del(keys.job(id), stream);
  expect(await rest).toEqual([]);
  await hub.close();
});
