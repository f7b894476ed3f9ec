import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '@glyphmill/contract';
import { beforeEach, expect, test } from 'vitest';
import { hangFolder } from '../../../libs/storage/src/folder/hanging-folder.fixture.js';
import { trainedModel } from './trained-model.fixture.js';
import { useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

/** What may have become of a file in storage. */
const DAMAGES: [string, (path: string) => unknown][] = [
  ['missing', () => undefined],
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a link to an endless device', (path) => symlink('/dev/zero', path)],
  ['a link to a file', (path) => symlink('/etc/hostname', path)],
  ['a folder', (path) => mkdir(path)],
  [
    'huge',
    async (path) => {
      await writeFile(path, '');
      await truncate(path, 2 ** 42);
    },
  ],
];

async function damaged(path: string, damage: (path: string) => unknown): Promise<void> {
  await rm(path);
  await damage(path);
}

/** A job that failed for good at its first attempt, and says no folder of the machine. */
async function failed(job: Job): Promise<NonNullable<Job['error']>> {
  const ended = await place.ended(job);
  expect(ended).toMatchObject({ state: 'failed', attempts: 1, error: { retryable: false } });
  expect(ended.error?.message).not.toMatch(/\/tmp|\/storage\//u);
  return ended.error!;
}

test.each(DAMAGES)('a job whose dataset’s content is %s fails at once, and the lane is free', async (_, damage) => {
  await place.worker({ WORKER_ROLES: 'train' });
  await place.dataset('whale');
  await damaged(join(place.dataFolder, 'storage', 'datasets', 'whale', 'content'), damage);
  const error = await failed(await place.train({ dataset: 'whale' }));
  expect(error.code).toMatch(/^(?:not_found|corrupt_artifact|corrupt_dataset)$/u);
  expect(error.message).toMatch(/whale|upload/u);
  expect(await place.ended(await place.train({ dataset: await place.dataset('fox') }))).toMatchObject({
    state: 'succeeded',
  });
});

test.each(DAMAGES)('a job whose model’s graph is %s fails at once, and the engine is free', async (_, damage) => {
  const model = await trainedModel(place);
  await place.worker({ WORKER_ROLES: 'generate' });
  const graph = join(place.dataFolder, 'storage', 'models', model, 'onnx', 'model.onnx');
  await rename(graph, `${graph}.whole`);
  await damage(graph);
  const error = await failed(await place.generate({ model, prompts: ['The '] }));
  expect(error).toMatchObject({ code: 'model_folder_invalid', message: expect.stringContaining('onnx/model.onnx') });
  await rm(graph, { recursive: true, force: true });
  await rename(`${graph}.whole`, graph);
  expect(await place.ended(await place.generate({ model, prompts: ['The '] }))).toMatchObject({ state: 'succeeded' });
});

test('the files of a model are not read through a link in its folder', async () => {
  const model = await trainedModel(place);
  await place.worker({ WORKER_ROLES: 'generate' });
  const folder = join(place.dataFolder, 'storage', 'models', model);
  await rename(join(folder, 'onnx'), join(folder, 'elsewhere'));
  await symlink(join(folder, 'elsewhere'), join(folder, 'onnx'));
  const error = await failed(await place.generate({ model, prompts: ['The '] }));
  expect(error).toMatchObject({ code: 'model_folder_invalid', message: expect.stringContaining('symbolic link') });
  await rm(join(folder, 'onnx'));
  await rename(join(folder, 'elsewhere'), join(folder, 'onnx'));
});

test('a job whose dataset lies in storage that does not answer is let go when it is cancelled', async ({ skip }) => {
  const worker = await place.worker({ WORKER_ROLES: 'train' });
  await place.dataset('whale');
  const dataset = await place.dataset('fox');
  const hanging = hangFolder(join(place.dataFolder, 'storage', 'datasets', 'whale'));
  if (typeof hanging === 'string') return skip(hanging);
  try {
    const job = await place.train({ dataset: 'whale' });
    await worker.logged('job started');
    await place.store.cancel(job.id);
    await worker.logged('job was cancelled');
    expect(await place.ended(await place.train({ dataset }))).toMatchObject({ state: 'succeeded' });
  } finally {
    hanging.release();
  }
});
