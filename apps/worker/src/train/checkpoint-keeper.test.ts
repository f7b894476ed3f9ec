import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { trainRequest } from '@glyphmill/contract';
import { Catalog } from '@glyphmill/catalog';
import { connectRedis } from '@glyphmill/jobs';
import { WorkedBoard } from '@glyphmill/jobs/testing';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage, type Storage } from '@glyphmill/storage';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Lease } from '../lease.js';
import { CheckpointKeeper } from './checkpoint-keeper.js';
import type { TrainingCommand } from './training-protocol.js';

const directory = mkdtempSync(join(tmpdir(), 'glyphmill-keeper-'));
let server: Awaited<ReturnType<typeof startValkey>>;
let redis: ReturnType<typeof connectRedis>;
let store: WorkedBoard;
let storage: Storage;
const opened: { keeper: CheckpointKeeper; lease: Lease }[] = [];

beforeAll(async () => {
  server = await startValkey({ directory: join(directory, 'valkey'), persistence: 'none' });
  redis = connectRedis(server.url, 'worker', () => undefined);
  store = new WorkedBoard({ redis });
  storage = await openStorage(pathToFileURL(join(directory, 'storage')));
});
afterEach(async () => {
  for (const { keeper, lease } of opened.splice(0)) {
    await keeper.end();
    lease.end();
  }
});
afterAll(async () => {
  await store.close();
  redis.disconnect();
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** A job in training whose engine, when it is asked for a checkpoint, does `answer`. */
async function training(answer: (folder: string, keeper: CheckpointKeeper) => void, intervalSeconds = 0) {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await store.create([{ kind: 'train', request }]);
  const id = job!.id;
  const hold = await store.hold(id, { delivery: 1, token: '12345678-9', worker: 'worker_1' });
  const lease = new Lease(hold!, new AbortController().signal);
  const commands: TrainingCommand[] = [];
  const send = (command: TrainingCommand) => {
    if (command.type !== 'checkpoint') return;
    commands.push(command);
    answer(command.folder, keeper);
  };
  const catalog = new Catalog(storage);
  const keeper: CheckpointKeeper = new CheckpointKeeper({ storage, catalog, lease, engine: { send }, intervalSeconds });
  keeper.reached(0);
  opened.push({ keeper, lease });
  const told = async () => {
    await lease.flush();
    const { events } = await store.readEvents(id, '0');
    return events.map(({ event }) => event).filter(({ type }) => type === 'log' || type === 'checkpoint');
  };
  const kept = () => storage.listNames(`checkpoints/${id}`);
  return { id, keeper, lease, commands, told, kept };
}

/** Writes a checkpoint of this step, as an engine does. */
const writing = (step: () => number) => (folder: string, keeper: CheckpointKeeper) => {
  writeFileSync(join(folder, 'checkpoint.json'), `{"step":${step()}}`);
  keeper.written(step());
};

test('the two newest checkpoints are kept, pointed to and told about', async () => {
  let step = 0;
  const { id, keeper, told, kept } = await training(writing(() => step));
  for (step of [10, 20, 30]) {
    keeper.reached(step);
    await keeper.save();
  }
  expect(await kept()).toEqual(['000000020-12345678', '000000030-12345678']);
  expect(await store.checkpoints(id)).toEqual([
    { key: `checkpoints/${id}/000000030-12345678`, step: 30 },
    { key: `checkpoints/${id}/000000020-12345678`, step: 20 },
  ]);
  expect(await told()).toEqual([10, 20, 30].map((each) => ({ type: 'checkpoint', step: each })));
  expect(String(await storage.readBytes(`checkpoints/${id}/000000030-12345678/checkpoint.json`))).toBe('{"step":30}');
});

test('nothing is written twice of one step, nor while another is being written', async () => {
  const { keeper, commands } = await training(writing(() => 10));
  await keeper.save();
  expect(commands).toHaveLength(0);
  keeper.reached(10);
  await Promise.all([keeper.save(), keeper.save()]);
  await keeper.save();
  expect(commands).toHaveLength(1);
});

test('after a farewell the engine takes no more steps', async () => {
  const { keeper, commands, kept } = await training(writing(() => 10));
  keeper.reached(10);
  await keeper.farewell();
  expect(commands).toMatchObject([{ type: 'checkpoint', thenStop: true }]);
  expect(await kept()).toEqual(['000000010-12345678']);
});

test('a farewell while another checkpoint is under way keeps one of what was learned since', async () => {
  let step = 10;
  const goesOn = (folder: string, training: CheckpointKeeper) => {
    writing(() => step)(folder, training);
    step = 20;
    training.reached(step);
  };
  const { keeper, commands, kept } = await training(goesOn);
  keeper.reached(step);
  void keeper.save();
  await keeper.farewell();
  expect(commands).toMatchObject([{ thenStop: false }, { thenStop: true }]);
  expect(await kept()).toEqual(['000000010-12345678', '000000020-12345678']);
});

test('a checkpoint is written by itself when its time has come', async () => {
  const { keeper, lease, kept, id } = await training(
    writing(() => 10),
    0.01,
  );
  keeper.reached(10);
  for (;;) {
    if ((await store.checkpoints(id)).length > 0) break;
    await lease.flush();
  }
  expect(await kept()).toEqual(['000000010-12345678']);
});

test('the last step is kept, unless checkpoints are for a drain only', async () => {
  const usual = await training(
    writing(() => 10),
    1000,
  );
  usual.keeper.lastStep(10);
  await usual.keeper.settled();
  expect(await usual.kept()).toEqual(['000000010-12345678']);
  const drainOnly = await training(
    writing(() => 10),
    0,
  );
  drainOnly.keeper.lastStep(10);
  await drainOnly.keeper.settled();
  expect(drainOnly.commands).toEqual([]);
});

test('what other attempts left is deleted, and what belongs to another job stays', async () => {
  const { id, keeper, kept } = await training(writing(() => 10));
  await storage.put(`checkpoints/${id}/000000005-deadbeef/checkpoint.json`, '{}');
  await storage.put('checkpoints/job_other/000000005-deadbeef/checkpoint.json', '{}');
  keeper.reached(10);
  await keeper.save();
  expect(await kept()).toEqual(['000000010-12345678']);
  expect(await storage.listNames('checkpoints/job_other')).toEqual(['000000005-deadbeef']);
});

test('a lost lease publishes nothing', async () => {
  const { id, keeper, lease, kept } = await training(writing(() => 10));
  await store.cancel(id);
  keeper.reached(10);
  await keeper.save();
  expect(lease.signal.reason).toMatchObject({ reason: 'lost' });
  expect(await kept()).toEqual([]);
  expect(await store.checkpoints(id)).toEqual([]);
});

test('one that cannot be written is a warning, and the next is tried again', async () => {
  let step = 10;
  const failing = (folder: string, keeper: CheckpointKeeper) => {
    if (step > 10) return writing(() => step)(folder, keeper);
    keeper.failed({ code: 'ENOSPC', message: 'no space left on device', retryable: true });
  };
  const { keeper, told, kept } = await training(failing);
  keeper.reached(step);
  await keeper.save();
  expect(await told()).toEqual([
    { type: 'log', level: 'warn', message: expect.stringMatching(/at step 10.*continues: no space left on device/u) },
  ]);
  step = 20;
  keeper.reached(step);
  await keeper.save();
  expect(await kept()).toEqual(['000000020-12345678']);
});

test('an engine whose training has ended, or that has ended itself, is no cause for a warning', async () => {
  const over = await training((_, keeper) =>
    keeper.failed({ code: 'training_ended', message: 'over', retryable: true }),
  );
  over.keeper.reached(10);
  await over.keeper.save();
  expect(await over.told()).toEqual([]);

  const gone = await training(() => undefined);
  gone.keeper.reached(10);
  const saving = gone.keeper.save();
  await gone.keeper.end();
  await saving;
  expect(await gone.told()).toEqual([]);
});
