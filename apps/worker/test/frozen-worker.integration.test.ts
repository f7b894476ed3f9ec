import { type Job, trainResult } from '@glyphmill/contract';
import { beforeEach, expect, test, vi } from 'vitest';
import { LONGER, useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

/** Everything that there is to see of a job: its record, its events, and which files it has. */
async function seen(job: Job) {
  const { events } = await place.store.readEvents(job.id, '0', 10_000);
  const { id } = job;
  const [models, checkpoints] = await Promise.all([
    place.storage.listNames('models'),
    place.storage.listNames(`checkpoints/${id}`),
  ]);
  return { job: await place.get(job), events, pointers: await place.store.checkpoints(id), models, checkpoints };
}

/**
 * A worker whose process is stopped in the middle of a training run; its engine is another process, and trains to the end.
 * What the worker sends after its first checkpoint is held, so that the job cannot end before.
 */
async function frozenWorker() {
  const { worker: frozen, proxy } = await place.heldWorker({ WORKER_ROLES: 'train' });
  const checkpointed = proxy.holdAfter(/checkpoints\//u);
  const training = { ...LONGER, maxSteps: 3000, checkpointIntervalSeconds: 0.1 };
  const job = await place.train({ dataset: await place.dataset('fox'), training });
  await checkpointed;
  frozen.signal('SIGSTOP');
  return { frozen, job, proxy };
}

test('a worker that was frozen for longer than its lease finds that it lost its job: it moves no record, reports no event, and publishes no checkpoint and no model', async () => {
  const { frozen, job, proxy } = await frozenWorker();
  // Its lock runs out as that of any worker that renews it no more.
  await place.worker({ WORKER_ROLES: 'train' });
  const ended = await place.ended(job);
  expect(ended).toMatchObject({ state: 'succeeded', error: null });
  // So that what the frozen one publishes would be seen.
  const { model } = trainResult.parse(ended.result);
  await place.storage.deleteAll(`models/${model}`);
  await place.storage.deleteAll(`checkpoints/${job.id}`);
  const before = await seen(job);
  expect(before).toMatchObject({ models: [], checkpoints: [] });

  frozen.signal('SIGCONT');
  proxy.release();
  await frozen.logged('job has ended');
  frozen.signal('SIGTERM');
  expect(await frozen.exitCode).toBe(0);
  expect(await seen(job)).toEqual(before);
});

test('a worker that was frozen while its job was cancelled publishes nothing either, and takes the next job', async () => {
  const { frozen, job, proxy } = await frozenWorker();
  await place.store.cancel(job.id);
  const before = await seen(job);
  frozen.signal('SIGCONT');
  proxy.release();
  await frozen.logged('job was cancelled');
  const next = await place.train({ dataset: 'fox' });
  await place.ended(next);
  const after = await seen(job);
  expect({ ...after, models: [], checkpoints: [] }).toEqual({ ...before, models: [], checkpoints: [] });
  expect(after.models).toEqual([next.id.replace('job_', 'model_')]);
  // A checkpoint that was being published when the worker froze is removed again.
  await vi.waitUntil(async () => (await seen(job)).checkpoints.length <= before.checkpoints.length, 120_000);
});
