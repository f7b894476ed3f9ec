import { utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { job } from '@glyphmill/contract';
import { ArtifactKeys, Catalog } from '@glyphmill/catalog';
import { beforeAll, expect, test } from 'vitest';
import { JobFiles } from '../src/upkeep/job-files.js';
import { JobCleaner } from '../src/upkeep/job-cleaner.js';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const keys = new ArtifactKeys();

const MIB = 1024 ** 2;
const api = useApi({ MAX_QUEUED_BYTES: String(10 * MIB) });
let model = '';
beforeAll(async () => {
  model = await publishModel(api().storage);
});

const generate = (prompts: string[]) => postJson(`${api().url}/api/jobs/generate`, { model, prompts });

async function queued(prompts: string[]) {
  const response = await generate(prompts);
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

const LARGE = ['a "quoted"\u2028 \u{1f40b} line\n'.repeat(1000), 'b'];

async function cancel(id: string): Promise<void> {
  await fetch(`${api().url}/api/jobs/${id}/cancel`, { method: 'POST' });
}

test('prompts beyond 16 KiB are kept in storage, and the job shows them as it was sent', async () => {
  const { id, request } = await queued(LARGE);
  expect(request).toMatchObject({ prompts: LARGE });
  const shown = job.parse(await (await fetch(`${api().url}/api/jobs/${id}`)).json());
  expect(shown.request).toEqual(request);
  expect(await api().jobs.shards.prompts(id)).toBeUndefined();
  expect(JSON.parse((await api().storage.readBytes(keys.promptList(id))).toString('utf8'))).toEqual(LARGE);
  await cancel(id);
});

test('a retry of a job has the same prompts as its own, and outlives it', async () => {
  const { id } = await queued(LARGE);
  await cancel(id);
  const retried = job.parse(await (await postJson(`${api().url}/api/jobs/${id}/retry`, {})).json());
  expect(retried.request).toMatchObject({ prompts: LARGE });
  expect((await fetch(`${api().url}/api/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await api().storage.stat(keys.promptList(id))).toBeUndefined();
  expect(await api().storage.stat(keys.promptList(retried.id))).toBeDefined();
  await cancel(retried.id);
});

test('a job whose prompts are gone is still shown, and cannot be retried', async () => {
  const { id } = await queued(LARGE);
  await cancel(id);
  await api().storage.deleteAll(dirname(keys.promptList(id)));
  const shown = job.parse(await (await fetch(`${api().url}/api/jobs/${id}`)).json());
  expect(shown.request).not.toHaveProperty('prompts');
  const problem = await problemOf(await postJson(`${api().url}/api/jobs/${id}/retry`, {}));
  expect(problem).toMatchObject({ status: 422, code: 'prompts_lost' });
});

test('prompts that no job leads to are swept when they are a day old, and those of a job stay', async () => {
  const { jobs, storage } = api();
  const { id } = await queued(LARGE);
  const gone = 'job_01JGFJJZ008MD8XTDC4SCJ7WGE';
  await storage.put(keys.promptList(gone), '["a"]');
  const then = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  for (const each of [gone, id]) {
    await utimes(join((await storage.localFolder(dirname(keys.promptList(each)))).path, 'prompts.json'), then, then);
  }
  const catalog = new Catalog(storage);
  const { removed } = await new JobCleaner(jobs, new JobFiles(jobs, catalog), catalog, storage).step();
  expect(removed).toEqual([dirname(keys.promptList(gone))]);
  expect(await storage.stat(keys.promptList(id))).toBeDefined();
  await cancel(id);
});

test('requests of more bytes than may wait are 429 with Retry-After and leave no files, until others have left', async () => {
  const four = ['a'.repeat(4 * MIB)];
  const first = await queued(four);
  const second = await queued(four);
  const kept = await api().storage.listNames('prompts');
  expect(kept).toEqual(expect.arrayContaining([first.id, second.id]));
  const response = await generate(four);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ status: 429, code: 'queue_full', limit: 10 * MIB });
  expect(problem.detail).toMatch(/take \d+ bytes, .* \(MAX_QUEUED_BYTES\)/u);
  expect(await api().storage.listNames('prompts')).toEqual(kept);
  await cancel(first.id);
  await cancel((await queued(four)).id);
  await cancel(second.id);
});
