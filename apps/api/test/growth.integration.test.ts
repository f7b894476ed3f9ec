import { utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Catalog } from '@glyphmill/catalog';
import { trainRequest } from '@glyphmill/contract';
import { expect, test, vi } from 'vitest';
import { JobFiles } from '../src/upkeep/job-files.js';
import { JobCleaner } from '../src/upkeep/job-cleaner.js';
import { useApi } from './running-api.fixture.js';

const api = useApi({ MAX_FINISHED_JOBS: '2' });

async function finishedJob(): Promise<string> {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [created] = await api().jobs.create([{ kind: 'train', request }]);
  await api().jobs.claim(created!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
  const key = `checkpoints/${created!.id}/000000010-0`;
  await api().storage.put(`${key}/weights`, 'weights');
  await api().jobs.saveCheckpoint(created!.id, 'token', { key, step: 10 });
  await api().jobs.cancel(created!.id);
  return created!.id;
}

/** Writes an artifact as if it had been written two days ago. */
async function putOld(key: string): Promise<void> {
  await api().storage.put(key, 'x');
  const then = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  await utimes(join((await api().storage.localFolder(dirname(key))).path, key.split('/').at(-1)!), then, then);
}

test('finished jobs beyond the limit are forgotten, the longest finished first, with their files', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) ids.push(await finishedJob());
  await vi.waitFor(async () => expect(await api().jobs.missing(ids)).toHaveLength(2), 120_000);
  const kept = new Set((await api().jobs.list({ limit: 10 })).data.map(({ id }) => id));
  await vi.waitFor(async () => expect(new Set(await api().storage.listNames('checkpoints'))).toEqual(kept), 120_000);
});

test('files that nothing leads to are swept when they are a day old, and no others', async () => {
  const { jobs, storage } = api();
  const catalog = new Catalog(storage);
  const cleaner = new JobCleaner(jobs, new JobFiles(jobs, catalog), catalog, storage);
  const live = await finishedJob();
  const gone = 'job_01JGFJJZ008MD8XTDC4SCJ7WGE';
  const orphans = [`outputs/${gone}/00000.jsonl`, `checkpoints/${gone}/000000010-0/weights`];
  const fallen = `checkpoints/${live}/000000005-fallen/weights`;
  const young = `checkpoints/${gone}/000000020-0/weights`;
  const foreign = 'outputs/notes/readme';
  for (const key of [...orphans, fallen, foreign]) await putOld(key);
  await storage.put(young, 'x');
  await putOld(`checkpoints/${live}/000000010-0/weights`);
  const { removed } = await cleaner.step();
  expect(removed.sort()).toEqual([dirname(orphans[0]!), dirname(orphans[1]!), dirname(fallen)].sort());
  const left: string[] = [];
  for await (const { key } of storage.list('')) left.push(key);
  expect(left).toEqual(expect.arrayContaining([young, foreign, `checkpoints/${live}/000000010-0/weights`]));
});
