import { fork } from 'node:child_process';
import { once } from 'node:events';
import { trainRequest } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { type Delivery, DeliveryWorker, HandBack } from './delivery-worker.js';
import type { ClaimedTrainJob } from '../kinds/claimed-job.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { useValkey } from '../redis/redis.fixture.js';
import { RedisProxy } from '../testing/index.js';
import { WorkerRegistry } from '../board/worker-registry.js';

const valkey = useValkey();

async function queuedJob() {
  const prefix = valkey.fresh();
  const store = new WorkedBoard({ redis: valkey.redis(), prefix });
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await store.create([{ kind: 'train', request }]);
  const work = (handle: (delivery: Delivery) => Promise<void>, more: object = {}) =>
    new DeliveryWorker({ lane: 'train', redisUrl: valkey.url(), prefix, handle, onError: () => undefined, ...more });
  return { id: job!.id, prefix, store, work };
}

test('a delivery names its job and its number, and is gone when it was handled', async () => {
  const { id, prefix, work } = await queuedJob();
  const handled = Promise.withResolvers<Delivery>();
  const worker = work(async (delivery) => handled.resolve(delivery));
  expect(await handled.promise).toEqual({
    lane: 'train',
    jobId: id,
    shard: undefined,
    number: 1,
    lock: expect.any(String),
    signal: expect.any(AbortSignal),
  });
  await worker.close();
  expect(await valkey.redis().exists(`${prefix}:train:${id}.1`)).toBe(0);
});

test('a delivery that is handed back comes again, the same one', async () => {
  const { id, work } = await queuedJob();
  const again = Promise.withResolvers<Delivery>();
  let times = 0;
  const worker = work(async (delivery) => {
    times += 1;
    if (times === 1) throw new HandBack();
    again.resolve(delivery);
  });
  expect(await again.promise).toMatchObject({ jobId: id, number: 1 });
  await worker.close();
});

test('a delivery whose handling throws is not lost, and the error is reported', async () => {
  const { id, work } = await queuedJob();
  const again = Promise.withResolvers<Delivery>();
  const told: string[] = [];
  let times = 0;
  const worker = work(
    async (delivery) => {
      times += 1;
      if (times === 1) throw new Error('Redis went away');
      again.resolve(delivery);
    },
    { onError: (error: Error) => told.push(error.message) },
  );
  expect(await again.promise).toMatchObject({ jobId: id, number: 1 });
  expect(told).toContain('Redis went away');
  await worker.close();
});

test('a delivery whose lock is taken away is aborted', async () => {
  const { id, prefix, work } = await queuedJob();
  const aborted = Promise.withResolvers<void>();
  const worker = work(
    async ({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      await valkey.redis().set(`${prefix}:train:${id}.1:lock`, 'of another worker');
      await aborted.promise;
    },
    { lockDurationMs: 1000 },
  );
  await expect(aborted.promise).resolves.toBeUndefined();
  await worker.close();
});

test('a delivery that takes longer than its lock is given to no other worker while its own renews it', async () => {
  const { id, prefix, work } = await queuedJob();
  const lock = `${prefix}:train:${id}.1:lock`;
  const timing = { lockDurationMs: 600, stalledIntervalMs: 100 };
  const done = Promise.withResolvers<void>();
  let times = 0;
  const handle = async () => {
    times += 1;
    // A time to live that has grown was renewed. A lock is renewed two to four times in its duration.
    for (let renewals = 0, last = 0; renewals < 8;) {
      const left = await valkey.redis().pttl(lock);
      if (left > last) renewals += 1;
      last = left;
    }
    done.resolve();
  };
  const workers = [work(handle, timing), work(handle, timing)];
  await done.promise;
  await Promise.all(workers.map((worker) => worker.close()));
  expect(times).toBe(1);
});

test('the job of a worker that was killed is claimed by another, and an attempt is spent', async () => {
  const { id, prefix, store, work } = await queuedJob();
  const timing = { lockDurationMs: 1000, stalledIntervalMs: 200 };
  const dying = fork(
    new URL('dying-worker.fixture.ts', import.meta.url),
    [valkey.url(), prefix, JSON.stringify(timing)],
    { execArgv: [...process.execArgv, '--experimental-transform-types', '--no-warnings'] },
  );
  await once(dying, 'message');
  expect(await store.get(id)).toMatchObject({ state: 'running', worker: 'dying' });
  dying.kill('SIGKILL');
  await once(dying, 'exit');

  const claimed = Promise.withResolvers<ClaimedTrainJob | undefined>();
  const worker = work(async ({ jobId, number, lock }) => {
    claimed.resolve(await store.claim(jobId, { delivery: number, token: 'second', worker: 'heir', lock }));
  }, timing);
  expect(await claimed.promise).toMatchObject({ id, attempts: 1 });
  await worker.close();
  expect(await store.get(id)).toMatchObject({ state: 'running', worker: 'heir', error: { code: 'worker_lost' } });
  expect(await store.report(id, 'first', 1, {})).toMatchObject({ held: false });
});

test('a worker that is closed while its Redis is away ends', async () => {
  const proxy = await RedisProxy.to(valkey.url());
  const away = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const { work } = await queuedJob();
  const worker = work(async () => waiting.resolve(), { redisUrl: proxy.url, onError: () => away.resolve() });
  await waiting.promise;
  proxy.close();
  await away.promise;
  await expect(worker.close()).resolves.toBeUndefined();
});

test('workers are listed while they announce themselves', async () => {
  const registry = new WorkerRegistry({ redis: valkey.redis(), prefix: valkey.fresh() });
  const info = {
    id: 'worker_1',
    host: 'here',
    pid: 1,
    device: 'cpu',
    roles: ['train' as const],
    libraries: { tensorflow: '2.21.0' },
    state: 'idle' as const,
    jobs: [],
    tokensPerSecond: 0,
    startedAt: new Date(0).toISOString(),
  };
  await registry.announce(info);
  expect(await registry.list()).toEqual([expect.objectContaining(info)]);
  await registry.remove('worker_1');
  expect(await registry.list()).toEqual([]);
});
