import { describe, expect, test } from 'vitest';
import { JobNotFoundError, JobStateConflictError } from './errors.js';
import { generateDraft, trainDraft } from '../proof/job-drafts.fixture.js';
import { JobKeys } from '../records/job-keys.js';
import type { JobDraft } from '../kinds/job-draft.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { DeliveryQueue } from '../deliveries/delivery-queue.js';
import { useValkey } from '../redis/redis.fixture.js';
import { create, type Creation, type NewJob } from '../scripts/create.js';
import { JobRescuer } from './job-rescuer.js';

const valkey = useValkey();

function openStore() {
  const prefix = valkey.fresh();
  const store = new WorkedBoard({ redis: valkey.redis(), prefix });
  const claim = (id: string, token: string, delivery = 1) => store.claim(id, { delivery, token, worker: 'worker_1' });
  return { prefix, store, claim, keys: new JobKeys(prefix), redis: valkey.redis() };
}

async function createOne(store: WorkedBoard, draft: JobDraft = trainDraft()) {
  const [job] = await store.create([draft]);
  return job!;
}

const crash = { code: 'engine_died', message: 'it died', retryable: true };

describe('a new job', () => {
  test('a new job is queued, with its defaults filled in, its delivery in BullMQ, and its place in the queue', async () => {
    const { store, redis, prefix } = openStore();
    const first = await createOne(store);
    const second = await createOne(store);
    expect(first).toMatchObject({ kind: 'train', state: 'queued', attempts: 0, maxAttempts: 3, queuePosition: 0 });
    expect(first.request).toMatchObject({ training: { maxSteps: 10_000, learningRate: 1e-3 } });
    expect(second.queuePosition).toBe(1);
    expect(await redis.zrange(`${prefix}:train:prioritized`, '0', '-1')).toEqual([`${first.id}.1`, `${second.id}.1`]);
  });

  test('a new job is not made twice, nor its delivery, where the connection repeats the script', async () => {
    const { store, redis, prefix, keys } = openStore();
    const { id } = await createOne(store);
    const before = await redis.hgetall(keys.job(id));
    const repeated: NewJob = {
      id,
      fields: ['state', 'running'],
      bytes: 0,
      open: 1,
      deliveries: 0,
      keys: {
        record: keys.job(id),
        openShards: keys.openShards(id),
        queued: keys.inState('train', 'queued'),
        indexes: [],
        sources: [],
        heirs: [],
        users: [],
        deletions: [],
      },
    };
    const creation: Creation = { waiting: [], maxJobs: 10, maxBytes: 10, bytes: 0, jobs: [repeated] };
    await create.run(redis, {
      keys: {
        all: keys.all(),
        deadlines: keys.deadlines(),
        answer: keys.answer(''),
        ...new DeliveryQueue(redis, prefix).laneKeys(),
      },
      args: { creation: JSON.stringify(creation) },
    });
    expect(await redis.hgetall(keys.job(id))).toEqual(before);
    expect(await redis.exists(keys.openShards(id))).toBe(0);
    expect(await redis.zcard(`${prefix}:train:prioritized`)).toBe(1);
  });

  test('a new job of higher priority is ahead of those that wait', async () => {
    const { store } = openStore();
    const usual = await createOne(store);
    const urgent = await createOne(store, trainDraft({ priority: 100 }));
    expect((await store.get(urgent.id))?.queuePosition).toBe(0);
    expect((await store.get(usual.id))?.queuePosition).toBe(1);
  });

  test('a new job is made together with others, in their order', async () => {
    const { store } = openStore();
    const jobs = await store.create([trainDraft(), generateDraft(), trainDraft()]);
    expect(jobs.map(({ kind }) => kind)).toEqual(['train', 'generate', 'train']);
    expect(jobs.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).sort());
  });

  test('a new job is not there under another id', async () => {
    const { store } = openStore();
    expect(await store.get('job_nothing')).toBeUndefined();
  });
});

describe('a claim', () => {
  test('a claim makes the job run and returns its whole request', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    const claimed = await claim(id, 'token');
    expect(claimed).toMatchObject({ id, kind: 'train', attempts: 0, request: { dataset: 'moby-dick' } });
    const job = await store.get(id);
    expect(job).toMatchObject({ state: 'running', worker: 'worker_1', queuePosition: null });
    expect(job?.startedAt).not.toBeNull();
  });

  test('a claim of a generate job yields nothing: its shards are claimed', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store, generateDraft({ prompts: ['one', ''] }));
    expect((await store.get(id))?.request).toMatchObject({ prompts: ['one', ''] });
    expect(await claim(id, 'token')).toBeUndefined();
  });

  test('a claim that the connection repeats spends nothing', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store, trainDraft({ maxAttempts: 1 }));
    const claimed = await claim(id, 'token');
    expect(await claim(id, 'token')).toEqual(claimed);
    expect(await store.get(id)).toMatchObject({ state: 'running', attempts: 0 });
  });

  test('a claim of a running job yields nothing while BullMQ has its delivery locked for another worker', async () => {
    const { store, claim, redis, prefix } = openStore();
    const { id } = await createOne(store);
    await redis.set(`${prefix}:train:${id}.1:lock`, 'lock of the first');
    await claim(id, 'first');
    const late = { delivery: 1, token: 'second', worker: 'worker_2', lock: 'a lock that has expired' };
    expect(await store.claim(id, late)).toBeUndefined();
    expect(await store.report(id, 'first', 1, {})).toMatchObject({ held: true });
    expect(await store.claim(id, { ...late, lock: 'lock of the first' })).toMatchObject({ attempts: 1 });
  });

  test('a claim of an older delivery yields nothing', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    expect(await claim(id, 'token', 2)).toBeUndefined();
    expect((await store.get(id))?.state).toBe('queued');
  });

  test('a claim of a cancelled job yields nothing', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await store.cancel(id);
    expect(await claim(id, 'token')).toBeUndefined();
  });

  test('a claim of a job that another worker left running takes it over and spends an attempt', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'first');
    expect(await claim(id, 'second')).toMatchObject({ attempts: 1 });
    expect(await store.report(id, 'first', 1, {})).toEqual({ held: false, requested: null });
    expect(await store.report(id, 'second', 1, {})).toEqual({ held: true, requested: null });
  });

  test('a claim that would spend the last attempt fails the job', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store, trainDraft({ maxAttempts: 1 }));
    await claim(id, 'first');
    expect(await claim(id, 'second')).toBeUndefined();
    expect(await store.get(id)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'worker_lost' } });
  });
});

describe('a worker whose lease is lost', () => {
  test('a worker whose lease is lost can neither report, nor publish, nor settle', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const before = await store.cancel(id);
    expect(
      await store.report(id, 'token', 1, { events: [{ type: 'log', level: 'info', message: 'late' }] }),
    ).toMatchObject({ held: false });
    expect(await store.startCommitting(id, 'token')).toBe(false);
    expect(await store.settle(id, 'token', { state: 'failed', error: crash })).toBeUndefined();
    expect(await store.get(id)).toEqual(before);
    const { events } = await store.readEvents(id, '0');
    expect(events.map(({ event }) => event.type)).not.toContain('log');
  });
});

describe('a report', () => {
  test('a report counts once, however often it arrives', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const said = { events: [{ type: 'log', level: 'info', message: 'once' } as const] };
    await store.report(id, 'token', 1, said);
    await store.report(id, 'token', 1, said);
    await store.report(id, 'token', 2, said);
    const { events } = await store.readEvents(id, '0');
    expect(events.filter(({ event }) => event.type === 'log')).toHaveLength(2);
  });

  test('a report shows the progress on the job', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const progress = {
      step: 5,
      maxSteps: 10,
      trainLoss: 3.5,
      validationLoss: null,
      tokensPerSecond: 100,
      etaSeconds: 1,
    };
    await store.report(id, 'token', 1, { progress });
    expect((await store.get(id))?.progress).toEqual(progress);
  });
});

describe('a checkpoint', () => {
  const at = (step: number, by = 'first') => ({ key: `checkpoints/job/${step}-${by}`, step });

  async function running(more: object = {}) {
    const opened = openStore();
    const { id } = await createOne(opened.store, trainDraft(more));
    await opened.claim(id, 'first');
    const checkpointEvents = async () => {
      const { events } = await opened.store.readEvents(id, '0');
      return events.flatMap(({ event }) => (event.type === 'checkpoint' ? [event.step] : []));
    };
    return { ...opened, id, checkpointEvents };
  }

  test('a checkpoint is told about, and the two newest are handed to the next claim', async () => {
    const { store, claim, id, checkpointEvents } = await running();
    for (const step of [10, 20, 30]) await store.saveCheckpoint(id, 'first', at(step));
    expect(await checkpointEvents()).toEqual([10, 20, 30]);
    expect(await store.checkpoints(id)).toEqual([at(30), at(20)]);
    expect(await claim(id, 'second')).toMatchObject({ kind: 'train', checkpoints: [at(30), at(20)] });
  });

  test('a checkpoint yields those that are pointed to now, so that all others can be deleted', async () => {
    const { store, id } = await running();
    expect(await store.saveCheckpoint(id, 'first', at(10))).toEqual({ held: true, checkpoints: [at(10)] });
    expect(await store.saveCheckpoint(id, 'first', at(20))).toEqual({ held: true, checkpoints: [at(20), at(10)] });
    expect(await store.saveCheckpoint(id, 'first', at(30))).toEqual({ held: true, checkpoints: [at(30), at(20)] });
  });

  test('a checkpoint that the connection repeats is reported once and returns the same', async () => {
    const { store, id, checkpointEvents } = await running();
    await store.saveCheckpoint(id, 'first', at(10));
    const saved = await store.saveCheckpoint(id, 'first', at(20));
    expect(await store.saveCheckpoint(id, 'first', at(20))).toEqual(saved);
    expect(await checkpointEvents()).toEqual([10, 20]);
  });

  test('under a lost lease moves nothing', async () => {
    const { store, claim, id, checkpointEvents } = await running();
    await store.saveCheckpoint(id, 'first', at(10));
    await claim(id, 'second');
    expect(await store.saveCheckpoint(id, 'first', at(20))).toEqual({ held: false, checkpoints: [] });
    expect(await store.checkpoints(id)).toEqual([at(10)]);
    expect(await checkpointEvents()).toEqual([10]);
    expect(await store.get(id)).toMatchObject({ attempts: 1 });
  });

  test('a checkpoint of a cancelled job moves nothing', async () => {
    const { store, id } = await running();
    await store.cancel(id);
    expect(await store.saveCheckpoint(id, 'first', at(10))).toMatchObject({ held: false });
    expect(await store.checkpoints(id)).toEqual([]);
  });

  test('a checkpoint returns the attempts spent only where it passes the furthest one', async () => {
    const { store, claim, id } = await running({ maxAttempts: 4 });
    await store.saveCheckpoint(id, 'first', at(20));
    expect(await claim(id, 'second')).toMatchObject({ attempts: 1 });
    await store.saveCheckpoint(id, 'second', at(10, 'second'));
    await store.saveCheckpoint(id, 'second', at(20, 'second'));
    expect(await store.get(id)).toMatchObject({ attempts: 1 });
    await store.saveCheckpoint(id, 'second', at(21, 'second'));
    expect(await store.get(id)).toMatchObject({ attempts: 0 });
  });

  test('a checkpoint pushes out those that were not continued from, which could not be read', async () => {
    const { store, claim, id } = await running();
    for (const step of [10, 20]) await store.saveCheckpoint(id, 'first', at(step));
    await claim(id, 'second');
    await store.saveCheckpoint(id, 'second', at(15, 'second'));
    expect(await store.checkpoints(id)).toEqual([at(15, 'second'), at(10)]);
  });

  test('a checkpoint of another job is where a new one starts, and gives no attempts back until it is passed', async () => {
    const { store, claim } = openStore();
    const { id: source } = await createOne(store);
    const draft = { ...trainDraft({ resumeFrom: source }), checkpoints: [at(20), at(10)] };
    const { id } = await createOne(store, draft);
    expect(await claim(id, 'first')).toMatchObject({ checkpoints: [at(20), at(10)] });
    expect(await claim(id, 'second')).toMatchObject({ attempts: 1 });
    await store.saveCheckpoint(id, 'second', at(20, 'second'));
    expect(await store.get(id)).toMatchObject({ attempts: 1 });
    await store.saveCheckpoint(id, 'second', at(25, 'second'));
    expect(await store.get(id)).toMatchObject({ attempts: 0 });
  });
});

describe('a settled job', () => {
  test('a settled job that succeeded has its result and no lease', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const result = { model: 'model_1', trainLoss: 2.4, validationLoss: 2.5 };
    expect(await store.settle(id, 'token', { state: 'succeeded', result })).toBe('succeeded');
    expect(await store.get(id)).toMatchObject({ state: 'succeeded', result, attempts: 0 });
    expect(await store.report(id, 'token', 9, {})).toMatchObject({ held: false });
  });

  test('a settled job yields the same answer again, and nothing is spent twice', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const settle = () => store.settle(id, 'token', { state: 'failed', error: crash });
    expect(await settle()).toBe('queued');
    expect(await settle()).toBe('queued');
    expect(await store.get(id)).toMatchObject({ attempts: 1 });
  });

  test('a settled job that was handed back has spent nothing and can be claimed again', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'first');
    expect(await store.settle(id, 'first', { state: 'handed-back' })).toBe('queued');
    expect(await claim(id, 'second')).toMatchObject({ attempts: 0 });
  });

  test('a settled job whose attempt failed waits for its back-off, and the rescuer releases it under a new delivery', async () => {
    const { store, claim, redis, keys, prefix } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'first');
    expect(await store.settle(id, 'first', { state: 'failed', error: crash })).toBe('queued');
    expect(await store.get(id)).toMatchObject({ state: 'queued', attempts: 1, error: { code: 'engine_died' } });
    expect(await claim(id, 'too early')).toBeUndefined();
    const rescuer = new JobRescuer({ redis, prefix });
    expect(await rescuer.releaseDue()).toBe(0);
    await redis.zadd(keys.due(), 0, id);
    expect(await rescuer.releaseDue()).toBe(1);
    expect(await rescuer.releaseDue()).toBe(0);
    expect(await claim(id, 'second', 1)).toBeUndefined();
    expect(await claim(id, 'second', 2)).toMatchObject({ attempts: 1 });
    await rescuer.stop();
  });

  test('a settled job whose back-off has passed is released once, however many rescuers look', async () => {
    const { store, claim, redis, keys, prefix } = openStore();
    const ids = [];
    for (let job = 0; job < 30; job += 1) {
      const { id } = await createOne(store);
      await claim(id, id);
      await store.settle(id, id, { state: 'failed', error: crash });
      await redis.zadd(keys.due(), 0, id);
      ids.push(id);
    }
    const rescuers = Array.from({ length: 4 }, () => new JobRescuer({ redis, prefix }));
    // One after the other, so that the later ones know of jobs that the earlier ones release meanwhile.
    const rounds = rescuers.map(async (rescuer, turn) => {
      for (let ping = 0; ping < turn; ping += 1) await redis.ping();
      return await rescuer.releaseDue();
    });
    const released = await Promise.all(rounds);
    expect(released.reduce((sum, count) => sum + count, 0)).toBe(ids.length);
    for (const id of ids) expect(await claim(id, 'next', 2)).toMatchObject({ attempts: 1 });
    await Promise.all(rescuers.map((rescuer) => rescuer.stop()));
  });

  test('a settled job whose error no retry repairs has failed at once', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    const error = { code: 'text_too_short', message: 'too short', retryable: false };
    expect(await store.settle(id, 'token', { state: 'failed', error })).toBe('failed');
    expect(await store.get(id)).toMatchObject({ state: 'failed', error });
  });

  test('a settled job whose last attempt failed has failed', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store, trainDraft({ maxAttempts: 1 }));
    await claim(id, 'token');
    expect(await store.settle(id, 'token', { state: 'failed', error: crash })).toBe('failed');
  });
});

describe('cancel', () => {
  test('cancel of a queued job takes its delivery out of the queue', async () => {
    const { store, redis, prefix } = openStore();
    const { id } = await createOne(store);
    expect(await store.cancel(id)).toMatchObject({ state: 'cancelled', queuePosition: null });
    expect(await redis.zcard(`${prefix}:train:prioritized`)).toBe(0);
  });

  test('cancel again yields the same answer', async () => {
    const { store } = openStore();
    const { id } = await createOne(store);
    expect(await store.cancel(id)).toEqual(await store.cancel(id));
  });

  test('cancel comes too late once the job publishes its result', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    expect(await store.startCommitting(id, 'token')).toBe(true);
    await expect(store.cancel(id)).rejects.toThrow(JobStateConflictError);
  });

  test('cancel of a job that ended is a conflict, and of none an error', async () => {
    const { store, claim } = openStore();
    const { id } = await createOne(store);
    await claim(id, 'token');
    await store.settle(id, 'token', { state: 'failed', error: { ...crash, retryable: false } });
    await expect(store.cancel(id)).rejects.toThrow(/is failed and cannot be cancelled/u);
    await expect(store.cancel('job_nothing')).rejects.toThrow(JobNotFoundError);
  });
});

describe('the rescuer', () => {
  test('the rescuer repairs a queued job whose delivery was lost, once however many rescuers run', async () => {
    const { store, redis, prefix, claim } = openStore();
    const lost = await createOne(store);
    await createOne(store);
    await redis.zrem(`${prefix}:train:prioritized`, `${lost.id}.1`);
    await redis.del(`${prefix}:train:${lost.id}.1`);
    const rescuers = [new JobRescuer({ redis, prefix }), new JobRescuer({ redis, prefix })];
    const released = await Promise.all(rescuers.map((rescuer) => rescuer.releaseLost()));
    expect(released.reduce((a, b) => a + b)).toBe(1);
    expect(await claim(lost.id, 'token', 2)).toBeDefined();
    await Promise.all(rescuers.map((rescuer) => rescuer.stop()));
  });

  test('the rescuer looks at every job in turn, however many wait', async () => {
    const { store, redis, prefix } = openStore();
    const made = await store.create(Array.from({ length: 150 }, () => trainDraft()));
    await redis.del(`${prefix}:train:${made.at(-1)!.id}.1`);
    const rescuer = new JobRescuer({ redis, prefix });
    expect([await rescuer.releaseLost(), await rescuer.releaseLost(), await rescuer.releaseLost()]).toEqual([0, 1, 0]);
    await rescuer.stop();
  });
});

describe('a list', () => {
  test('a list is newest first, and its pages stay the same while jobs are added', async () => {
    const { store } = openStore();
    const made = await store.create(Array.from({ length: 5 }, () => trainDraft()));
    const newestFirst = made.map(({ id }) => id).reverse();
    const first = await store.list({ limit: 2 });
    await createOne(store);
    const second = await store.list({ limit: 2, after: first.nextCursor! });
    const third = await store.list({ limit: 2, after: second.nextCursor! });
    expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(newestFirst);
    expect(third.nextCursor).toBeNull();
  });

  test('a list is filtered by kind, state, tag and model', async () => {
    const { store, claim } = openStore();
    const [train, generate] = await store.create([trainDraft({ tags: ['demo'] }), generateDraft({ model: 'model_7' })]);
    await claim(train!.id, 'token');
    const ids = async (filter: object) => (await store.list({ limit: 10, ...filter })).data.map(({ id }) => id);
    expect(await ids({ kind: 'generate' })).toEqual([generate!.id]);
    expect(await ids({ state: 'running' })).toEqual([train!.id]);
    expect(await ids({ state: 'queued', kind: 'train' })).toEqual([]);
    expect(await ids({ tag: 'demo' })).toEqual([train!.id]);
    expect(await ids({ model: 'model_7' })).toEqual([generate!.id]);
  });

  test('a list leaves out prompts', async () => {
    const { store } = openStore();
    await createOne(store, generateDraft({ prompts: ['secret'] }));
    const { data } = await store.list({ limit: 1 });
    expect(data[0]?.request).not.toHaveProperty('prompts');
  });

  test('a list refuses a cursor that is no id', async () => {
    const { store } = openStore();
    await expect(store.list({ limit: 1, after: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

test('the counts of a queue tell what waits and what runs', async () => {
  const { store, claim } = openStore();
  const [first] = await store.create([trainDraft(), trainDraft()]);
  await claim(first!.id, 'token');
  expect(await store.queueCounts('train')).toMatchObject({ waiting: 1, running: 1, paused: 0 });
  expect(await store.queueCounts('generate')).toEqual({ waiting: 0, running: 0, paused: 0, oldestWaitSeconds: null });
});
