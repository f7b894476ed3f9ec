import {
  generateProgress,
  type Job,
  type JobEvent,
  trainProgress,
  trainRequest,
  trainResult,
} from '@glyphmill/contract';
import { beforeEach, expect, test } from 'vitest';
import { trainedModel } from './trained-model.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

/** Steps without an end, so that no pause comes too late; no checkpoints but those of the pauses. */
const TRAINING = {
  maxSteps: 10_000_000,
  schedule: 'constant',
  warmupSteps: 0,
  batchSize: 4,
  evalInterval: 400,
  evalBatches: 20,
  sampleInterval: 500,
  export: 'last',
  checkpointIntervalSeconds: 0,
  seed: 7,
} as const;

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

async function trainGpt(more: object = {}): Promise<Job> {
  const model = { kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8, dropout: 0.1 } as const;
  return await place.train({ dataset: await place.dataset('fox'), model, training: { ...TRAINING, ...more } });
}

type Moment = (event: JobEvent) => boolean;
const isRunning: Moment = (event) => event.type === 'state' && event.state === 'running';
const after =
  (type: 'metric' | 'sample', step: number): Moment =>
  (event) =>
    event.type === type && event.step >= step;

/**
 * Pauses a job at each of these moments, one after another, resumes it after each pause but the last, and returns when
 * it is paused for the last time: the step of its newest checkpoint at each pause (0 if it had none), and the attempts
 * that were spent.
 */
async function pauseAt(job: Job, moments: Moment[]): Promise<{ step: number; attempts: number }[]> {
  const pauses: { step: number; attempts: number }[] = [];
  let isAsked = false;
  for await (const event of place.events(job)) {
    if (event.type === 'state' && event.state === 'paused') {
      const [checkpoint] = await place.store.checkpoints(job.id);
      pauses.push({ step: checkpoint?.step ?? 0, attempts: (await place.get(job)).attempts });
      if (pauses.length === moments.length) break;
      await place.store.resume(job.id);
      isAsked = false;
    } else if (!isAsked && moments[pauses.length]?.(event)) {
      // The job reports on until it is paused; a second request would then be the same pause.
      isAsked = true;
      await place.store.pause(job.id);
    }
  }
  return pauses;
}

async function weightsOf(job: Job): Promise<Buffer> {
  const ended = await place.ended(job);
  expect(ended).toMatchObject({ state: 'succeeded', attempts: 0 });
  return await place.storage.readBytes(`models/${trainResult.parse(ended.result).model}/model.safetensors`);
}

test('a training run that is paused again and again ends with the bytes of one that never was', async () => {
  const worker = await place.worker();
  const job = await trainGpt();
  const pauses = await pauseAt(job, [isRunning, after('metric', 0), after('sample', 500), after('metric', 3200)]);
  expect(pauses.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
  const steps = pauses.map(({ step }) => step);
  expect(steps.toSorted((a, b) => a - b)).toEqual(steps);
  expect(steps[3]).toBeGreaterThanOrEqual(3200);
  const resumed: string[] = [];
  await place.store.cancel(job.id);
  for await (const event of place.events(job)) {
    if (event.type === 'log' && event.message.startsWith('resumed')) resumed.push(event.message);
  }
  expect(resumed).toEqual(
    steps
      .slice(0, -1)
      .filter((step) => step > 0)
      .map((step) => `resumed at step ${step}`),
  );
  await worker.logged('job paused');

  const maxSteps = steps[3]! + 100;
  const disturbed = await place.resume(job, { ...trainRequest.parse(job.request).training, maxSteps });
  expect(await weightsOf(disturbed)).toEqual(await weightsOf(await trainGpt({ maxSteps })));
});

test('a pause that is taken back before the worker has heard of it or settled leaves the job to run on', async () => {
  await place.worker();
  const job = await trainGpt();
  await place.until(job, after('metric', 400));
  await place.store.pause(job.id);
  await place.store.resume(job.id);
  const { step } = trainProgress.parse((await place.get(job)).progress);
  await place.until(job, after('metric', step + 800));
  expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 0, requested: null });
});

test('a worker whose job is paused takes the next one, and another worker may resume it', async () => {
  const first = await place.worker();
  const paused = await trainGpt();
  await place.until(paused, after('metric', 400));
  await place.store.pause(paused.id);
  await place.until(paused, (event) => event.type === 'state' && event.state === 'paused');
  expect(await place.ended(await trainGpt({ maxSteps: 10 }))).toMatchObject({ state: 'succeeded' });
  const [checkpoint] = await place.store.checkpoints(paused.id);
  first.signal('SIGTERM');
  expect(await first.exitCode).toBe(0);
  await place.worker();
  await place.store.resume(paused.id);
  const message = `resumed at step ${checkpoint!.step}`;
  await place.until(paused, (event) => event.type === 'log' && event.message === message);
});

test('a generate job that is paused ends with the output of one that never was', async () => {
  const model = await trainedModel(place);
  const worker = await place.worker({ WORKER_ROLES: 'generate' });
  const prompts = Array.from({ length: 3000 }, () => 'The ');
  const outputOf = async (job: Job) => {
    const names = await place.storage.listNames(`outputs/${job.id}`);
    return await Promise.all(names.map((name) => place.storage.readBytes(`outputs/${job.id}/${name}`)));
  };
  const undisturbed = await place.generate({ model, prompts, maxNewTokens: 40 });
  expect(await place.ended(undisturbed)).toMatchObject({ state: 'succeeded' });
  worker.signal('SIGTERM');
  await worker.exitCode;
  const { proxy } = await place.heldWorker({ WORKER_ROLES: 'generate' });
  const committing = proxy.holdFrom(/evalsha[^]*\/output/u);
  const job = await place.generate({ model, prompts, maxNewTokens: 40 });
  await committing;
  await place.store.pause(job.id);
  proxy.release();
  await place.until(job, (event) => event.type === 'state' && event.state === 'paused');
  expect(await place.get(job)).toMatchObject({ state: 'paused', attempts: 0 });
  const { done } = generateProgress.parse((await place.get(job)).progress);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(prompts.length);
  await place.store.resume(job.id);
  expect(await place.ended(job)).toMatchObject({ state: 'succeeded', attempts: 0 });
  expect(await outputOf(job)).toEqual(await outputOf(undisturbed));
});
