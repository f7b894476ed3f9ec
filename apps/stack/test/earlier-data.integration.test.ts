import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GlyphmillClient } from '@glyphmill/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StackProcess } from './stack-process.fixture.js';

/** What the earlier version answered about the folder; jobs are in the order of their list, the newest first. */
interface Expected {
  dataset: { id: string };
  model: { id: string };
  jobs: { id: string; kind: string; state: string }[];
  events: unknown[];
  outputs: Record<string, string>;
}

const folder = fileURLToPath(new URL('earlier-data', import.meta.url));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
const idOf = (kind: string, state: string) => {
  const found = expected.jobs.find((job) => job.kind === kind && job.state === state);
  if (!found) throw new Error(`expected.json has no ${kind} job that is ${state}`);
  return found.id;
};

let unpacked = '';
let stack: StackProcess;
let url = '';
const client = new GlyphmillClient({ url: () => url });

async function answered(path: string): Promise<unknown> {
  return await (await fetch(`${url}/api/${path}`)).json();
}

/** The steps at which a training run was evaluated, without the last evaluation of what it published. */
async function evaluatedSteps(job: string): Promise<number[]> {
  const { data } = await client.jobs.recordedEvents(job, { limit: 1000 });
  return data.flatMap((event) => (event.type === 'metric' && !event.whole ? [event.step] : []));
}

beforeAll(async () => {
  unpacked = mkdtempSync(join(tmpdir(), 'glyphmill-earlier-'));
  await promisify(execFile)('tar', ['-xzf', join(folder, 'data-dir.tar.gz'), '-C', unpacked]);
  // The jobs finished when the folder was made, which is longer ago each day.
  const settings = { DATA_DIR: join(unpacked, 'data'), PORT: '0', THREADS: '1', JOB_RETENTION_SECONDS: '1e9' };
  stack = new StackProcess('main', settings);
  url = (await stack.says(/Ready: (http:\S+)\/docs/u))[1] ?? '';
});
afterAll(async () => {
  await stack.clear();
  rmSync(unpacked, { recursive: true, force: true });
});

test('the jobs, dataset, model, events and outputs of an earlier version are answered as that version answered them', async () => {
  expect(await answered('jobs?tag=old&limit=100')).toEqual({ data: expected.jobs, nextCursor: null });
  expect(await answered(`datasets/${expected.dataset.id}`)).toEqual(expected.dataset);
  expect(await answered(`models/${expected.model.id}`)).toEqual(expected.model);
  const trained = idOf('train', 'succeeded');
  expect(await answered(`jobs/${trained}/events?format=json&limit=1000`)).toMatchObject({ data: expected.events });
  for (const [id, text] of Object.entries(expected.outputs)) {
    expect(await client.jobs.outputText(id)).toBe(text);
  }
});

test('a dataset that a paused job of an earlier version needs is in use', async () => {
  await expect(client.datasets.delete(expected.dataset.id)).rejects.toMatchObject({
    problem: { code: 'dataset_in_use' },
  });
});

test('a training run that an earlier version paused resumes from its checkpoint and succeeds', async () => {
  const id = idOf('train', 'paused');
  await client.jobs.resume(id);
  expect(await client.jobs.succeeded(id)).toMatchObject({ attempts: 0, progress: { step: 9000 } });
  expect(await evaluatedSteps(id)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
});

test('a training run that an earlier version cancelled is retried from its checkpoint', async () => {
  const { id } = await client.jobs.retry(idOf('train', 'cancelled'));
  await client.jobs.succeeded(id);
  expect(await evaluatedSteps(id)).toEqual([2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
});

test('a generate job that an earlier version paused resumes and writes every line', async () => {
  const id = idOf('generate', 'paused');
  await client.jobs.resume(id);
  await client.jobs.succeeded(id);
  const written: number[] = [];
  for await (const { promptIndex } of client.jobs.output(id)) written.push(promptIndex);
  expect(written).toEqual(Array.from({ length: 1200 }, (_, index) => index));
});

test('a model of an earlier version writes the text that it wrote then', async () => {
  const then = expected.jobs.find(({ id }) => expected.outputs[id]?.includes('"sampleIndex":1'));
  const request = { model: expected.model.id, prompts: ['The ', 'A fox☃'], samples: 2, maxNewTokens: 40, seed: 5 };
  const { id } = await client.jobs.generate(request);
  await client.jobs.succeeded(id);
  expect(await client.jobs.outputText(id)).toBe(expected.outputs[then?.id ?? '']);
});
