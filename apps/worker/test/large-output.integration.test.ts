import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactKeys } from '@glyphmill/catalog';
import { beforeEach, expect, test } from 'vitest';
import { trainedModel } from './trained-model.fixture.js';
import { TEXT, useWorkplaces, type Workplace } from './workplace.fixture.js';

const keys = new ArtifactKeys();

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

test('a job whose output is many times larger than a worker may hold succeeds at its first attempt, and the worker lives on', async () => {
  const model = await trainedModel(place);
  // Worker and engine alike: output of 300 MB passes through processes that may hold a third of that.
  const worker = await place.worker({ WORKER_ROLES: 'generate', NODE_OPTIONS: '--max-old-space-size=96' });
  const prompt = TEXT.repeat(Math.ceil(3_000_000 / TEXT.length));
  const job = await place.generate({ model, prompts: [prompt], samples: 100, maxNewTokens: 1 });
  expect(await place.ended(job)).toMatchObject({
    state: 'succeeded',
    attempts: 0,
    result: { counts: { done: 100, failed: 0, tokens: 100 } },
  });
  const folder = (await place.storage.localFolder(`outputs/${job.id}`)).path;
  const { size } = await stat(join(folder, keys.shard(job.id, 0).split('/').at(-1)!));
  expect(size).toBeGreaterThan(100 * prompt.length);
  const next = await place.generate({ model, prompts: ['The '], maxNewTokens: 1 });
  expect(await place.ended(next)).toMatchObject({ state: 'succeeded' });
  worker.signal('SIGTERM');
  expect(await worker.exitCode).toBe(0);
  expect(await place.storage.listNames('models')).toEqual([model]);
});
