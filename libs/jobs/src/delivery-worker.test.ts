import { expect, test } from 'vitest';
import { type Delivery, DeliveryWorker, HandBack } from './delivery-worker.js';
import { JobStore } from './job-store.js';
import { useValkey } from './redis.fixture.js';
import { trainRequest } from './requests.js';
import { WorkerRegistry } from './worker-registry.js';

const valkey = useValkey();

async function queuedJob() {
  const prefix = valkey.fresh();
  const store = new JobStore({ redis: valkey.redis(), prefix });
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await store.create([{ kind: 'train', request }]);
  const work = (handle: (delivery: Delivery) => Promise<void>, more: object = {}) =>
    new DeliveryWorker({ kind: 'train', redisUrl: valkey.url(), prefix, handle, onError: () => undefined, ...more });
  return { id: job!.id, prefix, store, work };
}

test('a delivery names its job and its number, and is gone when it was handled', async () => {
  const { id, prefix, work } = await queuedJob();
  const handled = Promise.withResolvers<Delivery>();
  const worker = work(async (delivery) => handled.resolve(delivery));
  expect(await handled.promise).toMatchObject({ jobId: id, number: 1 });
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

test('a delivery whose handling throws is not lost', async () => {
  const { id, work } = await queuedJob();
  const again = Promise.withResolvers<Delivery>();
  let times = 0;
  const worker = work(async (delivery) => {
    times += 1;
    if (times === 1) throw new Error('Redis went away');
    again.resolve(delivery);
  });
  expect(await again.promise).toMatchObject({ jobId: id, number: 1 });
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
  await aborted.promise;
  await worker.close();
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
