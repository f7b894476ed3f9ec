import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Redis } from 'ioredis';
import { shardedDraft, trainDraft } from './job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { connectRedis } from '../redis/redis-connection.js';
import { redisDurability } from '../redis/redis-durability.js';
import { useValkey } from '../redis/redis.fixture.js';
import { RedisProxy } from '../testing/index.js';
import { WorkerRegistry } from '../board/worker-registry.js';

const valkey = useValkey();
let proxy: RedisProxy;
beforeAll(async () => {
  proxy = await RedisProxy.to(valkey.url());
});
afterAll(() => proxy.close());

describe('an API that is killed while it makes jobs', () => {
  /** An API that makes two jobs through the proxy, and the names of all that Redis has of jobs. */
  function startApi() {
    const prefix = valkey.fresh();
    const api = fork(new URL('dying-client.fixture.ts', import.meta.url), [proxy.url, prefix], {
      execArgv: [...process.execArgv, '--experimental-transform-types', '--no-warnings'],
    });
    const kill = async () => {
      api.kill('SIGKILL');
      await once(api, 'exit');
      proxy.cut();
    };
    const store = new WorkedBoard({ redis: valkey.redis(), prefix });
    const keys = async () => (await valkey.redis().keys(`${prefix}*`)).filter((key) => key.includes('job'));
    return { kill, store, keys, prefix };
  }

  test('an API that is killed while it makes jobs after all of the script’s call but its end has arrived, has made none, and no delivery', async () => {
    const beforeEnd = proxy.holdBeforeEndOf(/evalsha/u);
    const { kill, store, keys } = startApi();
    await beforeEnd;
    await kill();
    expect(await store.list({ limit: 10 })).toEqual({ data: [], nextCursor: null });
    expect(await keys()).toEqual([]);
  });

  test('an API that is killed while it makes jobs before it heard that they are made, has made all, each with its delivery', async () => {
    const done = proxy.cutAtAnswer(/created/u);
    const { kill, store, prefix } = startApi();
    await done;
    await kill();
    const { data } = await store.list({ limit: 10 });
    expect(data.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['generate queued', 'train queued']);
    const waiting = (lane: string) => valkey.redis().zrange(`${prefix}:${lane}:prioritized`, '0', '-1');
    expect([...(await waiting('train')), ...(await waiting('generate-now'))]).toEqual([
      `${data[1]!.id}.1`,
      `${data[0]!.id}.0.1`,
    ]);
  });
});

/** A job that waits, seen from the store of a process whose connection holds. */
interface Scene {
  id: string;
  store: WorkedBoard;
}

/** Has a worker do something; it may be that it does not hear the answer at once. */
type Act = <Answer>(what: (store: WorkedBoard) => Promise<Answer>, answered?: RegExp) => Promise<Answer>;

const by = { delivery: 1, token: 'token', worker: 'worker_1' };
const crash = { code: 'engine_died', message: 'it died', retryable: true };
const result = { model: 'model_1', trainLoss: 2.4, validationLoss: 2.5 };
const counts = { done: 256, failed: 0, tokens: 1024 };
const events = [{ type: 'log', level: 'info', message: 'once' } as const];

/** What a worker does to a train job that it has claimed. */
const withJob: Record<string, (id: string, store: WorkedBoard) => Promise<unknown>> = {
  'claims it again': (id, store) => store.claim(id, by),
  'reports it': (id, store) => store.report(id, 'token', 1, { events }),
  'keeps a checkpoint': (id, store) => store.saveCheckpoint(id, 'token', { key: 'checkpoint', step: 5 }),
  'is about to publish': (id, store) => store.startCommitting(id, 'token'),
  'has done it': (id, store) => store.settle(id, 'token', { state: 'succeeded', result }),
  'fails at it': (id, store) => store.settle(id, 'token', { state: 'failed', error: crash }),
  'hands it back': (id, store) => store.settle(id, 'token', { state: 'handed-back' }),
};

const acts: Record<string, { kind: 'train' | 'generate'; play: (scene: Scene, act: Act) => Promise<unknown> }> = {
  'claims a job': { kind: 'train', play: ({ id }, act) => act((store) => store.claim(id, by)) },
  'claims a shard': { kind: 'generate', play: ({ id }, act) => act((store) => store.shards.claim(id, 0, by)) },
  'fails at a shard': {
    kind: 'generate',
    play: async ({ id, store }, act) => {
      const shard = await store.shards.claim(id, 0, by);
      return await act((each) => each.shards.settle(shard!, 'token', { state: 'failed', error: crash }));
    },
  },
  'has done a shard': {
    kind: 'generate',
    play: async ({ id, store }, act) => {
      const shard = await store.shards.claim(id, 0, by);
      const commit = (each: WorkedBoard) => each.shards.settle(shard!, 'token', { state: 'succeeded', result: counts });
      return await act(commit);
    },
  },
};
for (const [what, work] of Object.entries(withJob)) {
  acts[`has a job and ${what}`] = {
    kind: 'train',
    play: async ({ id, store }, act) => {
      await store.claim(id, by);
      return await act((each) => work(id, each));
    },
  };
}

/** A hash by the names of its fields: Redis has them in any order. */
function inOrder(hash: Record<string, string>): [string, string][] {
  return Object.entries(hash).sort(([one], [other]) => (one < other ? -1 : 1));
}

describe('a worker whose connection breaks before it hears the answer', () => {
  let severed: Redis;
  beforeAll(() => {
    severed = connectRedis(proxy.url, 'worker', () => undefined);
  });
  afterAll(() => severed.disconnect());

  /** Plays an act with a job of its own; returns the answer and what is there then, without ids and times. */
  async function played(name: string, connection: Redis, act: (store: WorkedBoard) => Act) {
    const { kind, play } = acts[name]!;
    const prefix = valkey.fresh();
    const store = new WorkedBoard({ redis: valkey.redis(), prefix });
    const [job] = await store.create([kind === 'train' ? trainDraft() : shardedDraft(4)]);
    const { id } = job!;
    const answer = await play({ id, store }, act(new WorkedBoard({ redis: connection, prefix })));
    const keys = new JobKeys(prefix);
    const redis = valkey.redis();
    const left = {
      answer,
      record: inOrder(await redis.hgetall(keys.job(id))),
      shards: inOrder(await redis.hgetall(keys.openShards(id))),
      deliveries: await redis.zrange(`${prefix}:${kind}:prioritized`, '0', '-1'),
      due: await redis.zrange(keys.due(), '0', '-1'),
      events: (await store.readEvents(id, '0')).events.map(({ event }) => event),
    };
    const text = JSON.stringify(left, null, 1)
      .replaceAll(id, 'ID')
      .replaceAll(/\b1\d{12}\b/gu, 'TIME');
    return text.replaceAll(/(?:tokensPerSecond|etaSeconds)\\":[^,}]+/gu, 'SPEED');
  }

  test.each(Object.keys(acts))(
    'a worker whose connection breaks before it hears the answer and %s, has done it once, and hears the answer in the end',
    async (name) => {
      const undisturbed = await played(name, valkey.redis(), (store) => (what) => what(store));
      const disturbed = await played(name, severed, (store) => async (what, answered) => {
        const broken = proxy.cutAtAnswer(answered);
        const [answer] = await Promise.all([what(store), broken]);
        return answer;
      });
      expect(disturbed).toEqual(undisturbed);
    },
  );
});

test('what a worker asks at its start is answered, even if the connection breaks before it is ready', async () => {
  const broken = new AbortController();
  void proxy.cutAtAnswer(/redis_version/u).then(() => broken.abort());
  const redis = connectRedis(proxy.url, 'worker', () => undefined);
  const registry = new WorkerRegistry({ redis, prefix: valkey.fresh() });
  const about = { id: 'worker_1', host: 'here', pid: 1, device: 'cpu', roles: ['train' as const], libraries: {} };
  const now = { state: 'idle' as const, jobs: [], tokensPerSecond: 0, startedAt: new Date(0).toISOString() };
  const asked: Promise<unknown>[] = [];
  while (!broken.signal.aborted) {
    asked.push(redisDurability(redis), registry.announce({ ...about, ...now }));
    await nextTurn();
  }
  await Promise.all(asked);
  expect(await registry.list()).toMatchObject([{ id: 'worker_1' }]);
  redis.disconnect();
});
