import type { JobEvent, JobState } from '@glyphmill/contract';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning, type WorkerProcess } from './worker-process.fixture.js';
import { ENDLESS, useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

/** A train job in the middle, with the engine that trains it. */
async function midway(worker: WorkerProcess, more: object = {}) {
  const job = await place.train({ dataset: await place.dataset('fox'), ...more });
  await place.until(job, (event) => event.type === 'metric');
  return { job, engine: await worker.trainingEngine() };
}

async function gone(pid: number): Promise<void> {
  await vi.waitUntil(() => !isRunning(pid), { timeout: 120_000 });
}

/** Matches the second time that a job comes into a state. */
const again =
  (state: JobState) =>
  (seen = 0) =>
  (event: JobEvent) =>
    event.type === 'state' && event.state === state && (seen += 1) > 1;
const isQueuedAgain = again('queued');
const isRunningAgain = again('running');

test('the engine of a cancelled job ends, and nothing is published', async () => {
  const worker = await place.worker();
  const { job, engine } = await midway(worker, { training: ENDLESS });
  await place.store.cancel(job.id);
  await gone(engine);
  await worker.logged('job was cancelled');
  expect(await place.get(job)).toMatchObject({ state: 'cancelled', result: null });
  expect(await place.storage.listNames('models')).toEqual([]);
  const next = await place.train({ dataset: 'fox' });
  expect(await place.ended(next)).toMatchObject({ state: 'succeeded' });
});

describe('an engine that is killed', () => {
  test('spends an attempt, the worker lives on, and the job runs again', async () => {
    const worker = await place.worker();
    // Without checkpoints, which would give the attempt back.
    const { job, engine } = await midway(worker, { training: { ...ENDLESS, checkpointIntervalSeconds: 0 } });
    process.kill(engine, 'SIGKILL');
    const failure = await place.until(job, isQueuedAgain());
    expect(failure).toMatchObject({
      error: {
        code: 'engine_died',
        message: expect.stringMatching(/ended by SIGKILL/u),
        retryable: true,
      },
    });
    await place.until(job, isRunningAgain());
    expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 1 });
    expect(isRunning(worker.pid)).toBe(true);
    await place.store.cancel(job.id);
    expect(await place.ended(await place.train({ dataset: 'fox' }))).toMatchObject({ state: 'succeeded' });
  });

  test('an engine that is killed fails the job at its last attempt', async () => {
    const worker = await place.worker();
    const { job, engine } = await midway(worker, { training: ENDLESS, maxAttempts: 1 });
    process.kill(engine, 'SIGKILL');
    expect(await place.ended(job)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'engine_died' } });
  });
});

describe('a worker that is to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a worker that is to stop hands its job back at %s, spends no attempt, exits 0, and another worker takes the job',
    async (signal) => {
      const first = await place.worker({ SHUTDOWN_GRACE_SECONDS: '6' });
      const { job, engine } = await midway(first, { training: ENDLESS });
      // So that it yields no checkpoint and must be killed.
      process.kill(engine, 'SIGSTOP');
      first.signal(signal);
      expect(await first.exitCode).toBe(0);
      expect(isRunning(engine)).toBe(false);
      expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
      expect(await place.registry.list()).toEqual([]);
      await place.worker();
      await place.until(job, isRunningAgain());
      expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 0 });
    },
  );

  test('a worker that is to stop hands its job back even if the terminal and its parent both tell it', async () => {
    const worker = await place.worker();
    const { job } = await midway(worker, { training: ENDLESS });
    worker.signal('SIGINT');
    worker.signal('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
  });

  test('a worker that is to stop hands its job back when its parent is gone', async () => {
    const worker = await place.worker();
    const { job, engine } = await midway(worker, { training: ENDLESS });
    worker.disconnect();
    expect(await worker.exitCode).toBe(0);
    await gone(engine);
    expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
  });
});

describe('an engine that hangs', () => {
  /** A worker whose engine answers nothing more, not even the end of its worker. */
  async function hanging(settings: NodeJS.ProcessEnv) {
    const worker = await place.worker(settings);
    const { job, engine } = await midway(worker, { training: ENDLESS });
    process.kill(engine, 'SIGSTOP');
    return { worker, job, engine };
  }

  test('an engine that hangs ends with its worker at the second SIGTERM, however long the grace time is', async () => {
    const { worker, engine } = await hanging({ SHUTDOWN_GRACE_SECONDS: '3600' });
    worker.signal('SIGTERM');
    await worker.logged('worker stopping');
    // The SIGINT of a terminal that reaches the worker beside its parent's SIGTERM is no second signal.
    worker.signal('SIGINT');
    worker.signal('SIGTERM');
    expect(await worker.exitCode).toBe(1);
    await gone(engine);
  });

  test('an engine that hangs ends with its worker if the grace time is over, or too short for waiting', async () => {
    const { worker, job, engine } = await hanging({ SHUTDOWN_GRACE_SECONDS: '1' });
    worker.signal('SIGTERM');
    await worker.exitCode;
    await gone(engine);
    expect(await place.get(job)).toMatchObject({ attempts: 0 });
  });
});

test('the engine of a worker that is killed ends with it', async () => {
  const worker = await place.worker();
  const { engine } = await midway(worker, { training: ENDLESS });
  worker.signal('SIGKILL');
  expect(await worker.exitCode).toBeNull();
  await gone(engine);
});
