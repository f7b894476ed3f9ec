import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type Job, type JobEvent, trainResult } from '@glyphmill/contract';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ENDLESS, TEXT, useWorkplaces, type Workplace } from './workplace.fixture.js';

const GPT = { kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8, dropout: 0.1 } as const;
/** Steps with an evaluation or a sample between any two checkpoints. */
const TRAINING = {
  maxSteps: 2500,
  schedule: 'constant',
  warmupSteps: 0,
  batchSize: 4,
  evalInterval: 70,
  evalBatches: 2,
  sampleInterval: 500,
  export: 'last',
  checkpointIntervalSeconds: 0.2,
  seed: 7,
} as const;

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

async function trainGpt(more: object = {}): Promise<Job> {
  const dataset = await place.dataset('fox');
  return await place.train({ dataset, model: GPT, training: { ...TRAINING, ...more } });
}

/** The hash of the weights that a job published. */
async function weightsOf(job: Job): Promise<string> {
  const ended = await place.ended(job);
  expect(ended).toMatchObject({ state: 'succeeded' });
  const { model } = trainResult.parse(ended.result);
  return createHash('sha256')
    .update(await place.storage.readBytes(`models/${model}/model.safetensors`))
    .digest('hex');
}

/** Waits until the job has so many checkpoints. */
async function checkpointed(job: Job, count = 1): Promise<void> {
  let seen = 0;
  await place.until(job, (event) => event.type === 'checkpoint' && (seen += 1) === count);
}

async function eventsOf(job: Job): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of place.events(job)) events.push(event);
  return events;
}

function logged(events: JobEvent[], level: 'info' | 'warn'): string[] {
  return events.flatMap((event) => (event.type === 'log' && event.level === level ? [event.message] : []));
}

test('a training run whose worker is killed is taken over at its checkpoint, and ends with the bytes of one never interrupted', async () => {
  const { worker: first, proxy } = await place.heldWorker();
  const undisturbed = await weightsOf(await trainGpt());
  const checkpointed = proxy.holdAfter(/checkpoints\//u, 2);
  const job = await trainGpt();
  await checkpointed;
  first.signal('SIGKILL');
  await first.exitCode;
  await place.worker();
  expect(await weightsOf(job)).toBe(undisturbed);

  const events = await eventsOf(job);
  const takeover = events.findIndex((event) => event.type === 'state' && event.error?.code === 'worker_lost');
  const before = events.slice(0, takeover).findLast((event) => event.type === 'checkpoint');
  expect(logged(events.slice(takeover), 'info')).toContain(`resumed at step ${before?.step}`);
  expect(logged(events, 'warn')).toEqual([]);
});

describe('a training run whose worker is stopped', () => {
  /** The job that a worker handed back, and its checkpoints. */
  async function handedBack(more: object = {}) {
    const worker = await place.worker();
    const job = await trainGpt({ ...more, maxSteps: ENDLESS.maxSteps });
    await (more === DRAIN_ONLY
      ? place.until(job, (event) => event.type === 'metric' && event.step > 0)
      : checkpointed(job, 2));
    worker.signal('SIGTERM');
    expect(await worker.exitCode).toBe(0);
    expect(await place.get(job)).toMatchObject({ state: 'queued', attempts: 0 });
    return { job, checkpoints: await place.store.checkpoints(job.id) };
  }

  /** Waits until the job was resumed at a step and then had an event of a type. It would never end by itself. */
  async function resumedAt(job: Job, step: number, type: 'metric' | 'checkpoint'): Promise<void> {
    let isResumed = false;
    await place.until(job, (event) => {
      isResumed ||= event.type === 'log' && event.message === `resumed at step ${step}`;
      return isResumed && event.type === type;
    });
  }

  const DRAIN_ONLY = { checkpointIntervalSeconds: 0 };

  test('a training run whose worker is stopped is handed back with a checkpoint, and resumes at that step, to the same bytes as one never stopped', async () => {
    const { job, checkpoints } = await handedBack(DRAIN_ONLY);
    expect(checkpoints).toHaveLength(1);
    const { step } = checkpoints[0]!;
    await place.worker();
    await resumedAt(job, step, 'metric');
    expect(await place.get(job)).toMatchObject({ state: 'running', attempts: 0 });
    await place.store.cancel(job.id);
    const longer = { ...TRAINING, ...DRAIN_ONLY, maxSteps: step + 100 };
    const resumed = await weightsOf(await place.resume(job, longer));
    expect(await weightsOf(await trainGpt(longer))).toBe(resumed);
  });

  test('a training run whose worker is stopped falls back on the checkpoint before if the newest is damaged, and says where bits may differ', async () => {
    const { job, checkpoints } = await handedBack();
    const [newest, before] = checkpoints;
    await truncate(join((await place.storage.localFolder(newest!.key)).path, 'state.safetensors'), 100);
    // XLA yields other bits: said at the resume, like the damage.
    await place.worker({ XLA: 'on' });
    await resumedAt(job, before!.step, 'checkpoint');
    const isDamagedThere = async () =>
      (await place.storage.listNames(`checkpoints/${job.id}`)).includes(newest!.key.split('/').at(-1)!);
    await vi.waitUntil(async () => !(await isDamagedThere()), 120_000);
    await place.store.cancel(job.id);
    const events = await eventsOf(job);
    expect(logged(events, 'warn')).toEqual([
      expect.stringMatching(
        new RegExp(
          `checkpoint of step ${newest!.step} cannot be read, and the one of step ${before!.step} is tried`,
          'u',
        ),
      ),
      expect.stringMatching(/^bits may differ .*TF_XLA_FLAGS: unset then, --tf_xla_auto_jit=2/u),
    ]);
    expect(logged(events, 'info')).toEqual([
      expect.stringMatching(/^prepared in .* s, of which compiling .* s; XLA off$/u),
      `resumed at step ${before!.step}`,
      expect.stringMatching(/; XLA on$/u),
    ]);
  });
});

describe('a training run that continues with a finished one', () => {
  const SHORT = { ...TRAINING, maxSteps: 100, checkpointIntervalSeconds: 30 };

  test('a training run that continues with a finished one starts at its last step, and leaves its checkpoints as they are', async () => {
    await place.worker();
    const first = await trainGpt(SHORT);
    await weightsOf(first);
    const longer = await place.resume(first, { ...SHORT, maxSteps: 150 });
    await weightsOf(longer);
    expect(logged(await eventsOf(longer), 'info')).toContain('resumed at step 100');
    expect(await place.get(longer)).toMatchObject({ progress: { step: 150 } });
    expect(await place.store.checkpoints(longer.id)).toMatchObject([{ step: 150 }, { step: 100 }]);
    for (const { key } of await place.store.checkpoints(longer.id)) await place.storage.localFolder(key);
    expect(await place.storage.listNames(`checkpoints/${longer.id}`)).toHaveLength(1);
  });

  test('a training run that continues with a finished one takes steps even when that one ran out of patience, and measures its best over the new batches', async () => {
    await place.worker();
    const impatient = { ...SHORT, maxSteps: 400, evalInterval: 5, evalBatches: 1, patience: 2, learningRate: 1 };
    const first = await trainGpt(impatient);
    await weightsOf(first);
    const [last] = await place.store.checkpoints(first.id);
    expect(last!.step).toBeLessThan(400);
    const more = await place.resume(first, { ...impatient, evalBatches: 3 });
    await weightsOf(more);
    const messages = logged(await eventsOf(more), 'info');
    expect(messages).toContainEqual(expect.stringMatching(/^evaluations now take 3 batches.*\(step \d+\)/u));
    const { progress } = await place.get(more);
    expect(progress).toMatchObject({ step: expect.any(Number) });
    expect(progress && 'step' in progress && progress.step).toBeGreaterThanOrEqual(last!.step + 10);
  });

  test('a training run that continues with a finished one fails without another attempt if no checkpoint of it can be read', async () => {
    await place.worker();
    const first = await trainGpt(SHORT);
    await weightsOf(first);
    await place.storage.deleteAll(`checkpoints/${first.id}`);
    const job = await place.ended(await place.resume(first, { ...SHORT, maxSteps: 150 }));
    expect(job).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'checkpoint_lost', retryable: false } });
  });
});

test('a training run starts from the weights of a model, and fails at once on one with other characters', async () => {
  await place.worker();
  const training = { ...TRAINING, maxSteps: 20 };
  const first = await place.ended(await trainGpt(training));
  const { model: initFrom, validationLoss } = trainResult.parse(first.result);
  const dataset = await place.dataset('fox');
  const more = await place.train({ dataset, model: GPT, training: { ...training, learningRate: 1e-9 }, initFrom });
  const result = trainResult.parse((await place.ended(more)).result);
  expect(result.validationLoss).toBeCloseTo(validationLoss, 3);

  const other = await place.dataset('fix', TEXT.replaceAll('o', '0'));
  const failed = await place.ended(await place.train({ dataset: other, model: GPT, training, initFrom }));
  expect(failed).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'init_mismatch', retryable: false } });
});
