import { dataset, job } from '@glyphmill/contract';
import { ArtifactKeys, Datasets } from '@glyphmill/catalog';
import { beforeAll, expect, test, vi } from 'vitest';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const keys = new ArtifactKeys();

const api = useApi();
let model = '';
beforeAll(async () => {
  model = await publishModel(api().storage);
});

async function upload(text: string): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: text };
  return dataset.parse(await (await fetch(`${api().url}/api/datasets`, init)).json()).id;
}

function generate(promptsDataset: string, more: object = {}): Promise<Response> {
  return postJson(`${api().url}/api/jobs/generate`, { model, promptsDataset, ...more });
}

test('a job takes the lines of a dataset for its prompts, and its record holds none of them', async () => {
  const id = await upload(Array.from({ length: 300 }, (_, i) => `"line ${i}"\n`).join(''));
  for (let time = 0; time < 2; time += 1) {
    const response = await generate(id);
    expect(response.status).toBe(202);
    const queued = job.parse(await response.json());
    expect(queued).toMatchObject({ state: 'queued', request: { promptsDataset: id } });
    expect(queued.request).not.toHaveProperty('prompts');
    expect(await api().jobs.shards.prompts(queued.id)).toBeUndefined();
    const claim = { delivery: 1, token: 'token', worker: 'worker_1' };
    expect(await api().jobs.shards.claim(queued.id, 1, claim)).toMatchObject({ prompts: { first: 256, end: 300 } });
  }
});

test('a dataset whose first line is not JSON is 422 and names the line', async () => {
  const problem = await problemOf(await generate(await upload('Call me Ishmael.\n"a prompt"\n')));
  expect(problem).toMatchObject({ status: 422, code: 'not_json_lines' });
  expect(problem.detail).toMatch(/^promptsDataset: line 1 is not JSON/u);
});

test('a dataset with a bad line further on is taken: that line is an error in the output', async () => {
  expect((await generate(await upload('"a prompt"\nno JSON\n{"text":1}\n'))).status).toBe(202);
});

test('a dataset that is not there is 422', async () => {
  const problem = await problemOf(await generate('dataset_nothing'));
  expect(problem).toMatchObject({ status: 422, code: 'unknown_dataset' });
});

test('more lines than a job may have with so many samples is 422, and tells both numbers', async () => {
  const id = await upload('"a"\n'.repeat(1001));
  const problem = await problemOf(await generate(id, { samples: 1000, maxNewTokens: 1 }));
  expect(problem).toMatchObject({ status: 422, code: 'job_too_large', lines: 1001 });
  expect(problem.detail).toMatch(/^samples: .* has 1001 lines, and prompts × samples may be at most 1000000/u);
});

test('blank lines at the end of a file are no prompts, however many there are', async () => {
  const claim = { delivery: 1, token: 'token', worker: 'worker_1' };
  for (const end of ['\n\n', '\r\n\r\n', '\n'.repeat(20 * 1024 ** 2)]) {
    const queued = job.parse(await (await generate(await upload(`"a"\n\n"b"${end}`))).json());
    expect(await api().jobs.shards.claim(queued.id, 0, claim)).toMatchObject({ prompts: { first: 0, end: 3 } });
  }
});

test('a file of more lines than any job may have is 422 before all of it is read, and leaves no index', async () => {
  const id = await upload(`""\n${'\n'.repeat(20 * 1024 ** 2)}"b"\n`);
  const content = vi.spyOn(Datasets.prototype, 'content');
  const answers = await Promise.all(Array.from({ length: 5 }, () => generate(id)));
  for (const answer of answers) {
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({ status: 422, code: 'job_too_large' });
    expect(problem.detail).toMatch(/^promptsDataset: .* has more than 1000000 lines/u);
  }
  // One reads the first line, one counts: requests that come together share them.
  expect(content.mock.calls.filter(([dataset]) => dataset === id)).toHaveLength(2);
  content.mockRestore();
  expect(await api().storage.stat(keys.promptIndex(id))).toBeUndefined();
});

test('prompts and a dataset of them at once are 400', async () => {
  const problem = await problemOf(await generate('dataset_nothing', { prompts: ['a'] }));
  expect(problem).toMatchObject({ status: 400, errors: [{ path: 'prompts' }] });
});

test('a dataset that a live job takes its prompts from is not deleted; then its index goes with it', async () => {
  const id = await upload('"the last"\n');
  const { id: jobId } = job.parse(await (await generate(id)).json());
  const url = `${api().url}/api/datasets/${id}`;
  const refused = await fetch(url, { method: 'DELETE' });
  expect(await problemOf(refused)).toMatchObject({ status: 409, code: 'dataset_in_use', job: jobId });
  await api().jobs.cancel(jobId);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
  expect(await api().storage.stat(keys.promptIndex(id))).toBeUndefined();
});
