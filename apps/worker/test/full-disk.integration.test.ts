import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startValkey } from '@glyphmill/runtimes';
import { openStorage } from '@glyphmill/storage';
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { mountSmallDisk, type SmallDisk } from '../../../libs/storage/src/folder/small-disk.fixture.js';
import { ENDLESS, LONGER, Workplace } from './workplace.fixture.js';

let folder: string;
let valkey: Awaited<ReturnType<typeof startValkey>>;
let disk: SmallDisk | string;
let place: Workplace | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glyphmill-full-'));
  valkey = await startValkey({ directory: folder, persistence: 'none' });
  disk = mountSmallDisk(8 * 2 ** 20);
});
afterEach(async () => {
  await place?.close();
  place = undefined;
  if (typeof disk !== 'string') disk.unmount();
  await valkey.stop();
  rmSync(folder, { recursive: true });
});

/** A worker in the middle of a training run whose storage is on a small disk. */
async function training({ skip }: TestContext, request: object) {
  if (typeof disk === 'string') return skip(disk);
  const store = join(disk.path, 'storage');
  const opened = new Workplace(valkey.url, '{test}', disk.path, await openStorage(pathToFileURL(store)));
  place = opened;
  await opened.worker({ WORKER_ROLES: 'train' });
  const job = await opened.train({ dataset: await opened.dataset('fox'), ...request });
  await opened.until(job, (event) => event.type === 'metric');
  return { disk, place: opened, job, free: () => rmSync(join(opened.dataFolder, 'filler')) };
}

test('a model for which the disk has no room is not seen, and is retried once there is room', async (context) => {
  const {
    disk: full,
    place: at,
    job,
    free,
  } = await training(context, {
    training: { ...LONGER, maxSteps: 30_000, checkpointIntervalSeconds: 0 },
  });
  full.fill();
  const failure = await at.until(job, (event) => event.type === 'state' && event.error !== undefined);
  expect(failure).toMatchObject({
    state: 'queued',
    error: {
      code: 'storage_unavailable',
      message: `The disk of the storage is full. Free space on it, or move the store to a larger one.`,
      retryable: true,
    },
  });
  expect(await at.storage.listNames('models')).toEqual([]);
  free();
  expect(await at.ended(job)).toMatchObject({ state: 'succeeded', attempts: 1 });
  expect(await readdir(join(full.path, 'storage', '.staging'))).toEqual([]);
});

test('a checkpoint for which the disk has no room is a warning, and the next is kept once there is room', async (context) => {
  const {
    disk: full,
    place: at,
    job,
    free,
  } = await training(context, {
    training: { ...ENDLESS, checkpointIntervalSeconds: 0.2 },
  });
  await at.until(job, (event) => event.type === 'checkpoint');
  full.fill();
  const isWarning = (event: { type: string; level?: string }) => event.type === 'log' && event.level === 'warn';
  expect(await at.until(job, isWarning)).toMatchObject({
    message: expect.stringMatching(`no checkpoint could be written .* continues: The disk of the storage is full`),
  });
  // The two before stay; there is none that is not whole.
  const pointers = await at.store.checkpoints(job.id);
  const names = await at.storage.listNames(`checkpoints/${job.id}`);
  expect(names).toEqual(pointers.map(({ key }) => key.split('/').at(-1)).toReversed());
  free();
  await at.until(job, (event) => event.type === 'checkpoint' && event.step > pointers[0]!.step);
});

test('a store that became read-only fails the job at once', async (context) => {
  const {
    disk: frozen,
    place: at,
    job,
  } = await training(context, {
    training: { ...LONGER, maxSteps: 30_000, checkpointIntervalSeconds: 0 },
  });
  frozen.makeReadOnly();
  expect(await at.ended(job)).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: {
      code: 'storage_unavailable',
      message: `The storage is on a read-only file system. Mount it writable, or choose another folder.`,
      retryable: false,
    },
  });
  expect(await at.storage.listNames('models')).toEqual([]);
});
