import { generateRequest, trainRequest } from '@glyphmill/contract';
import { expect, test } from 'vitest';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi();

async function createJob(): Promise<string> {
  const request = generateRequest.parse({ model: 'model_1', prompts: ['a'] });
  const [created] = await api().jobs.create([{ kind: 'generate', request, promptCount: 1 }]);
  return created?.id ?? '';
}

function getOutput(id: string): Promise<Response> {
  return fetch(`${api().url}/api/jobs/${id}/output`);
}

test('a job that has written nothing yet has an empty output', async () => {
  const response = await getOutput(await createJob());
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  expect(await response.text()).toBe('');
});

test('the output is the shards in order, up to the first that is missing', async () => {
  const id = await createJob();
  await api().storage.put(`outputs/${id}/00001.jsonl`, '{"promptIndex":1}\n');
  expect(await (await getOutput(id)).text()).toBe('');
  await api().storage.put(`outputs/${id}/00000.jsonl`, '{"promptIndex":0}\n');
  await api().storage.put(`outputs/${id}/00003.jsonl`, '{"promptIndex":3}\n');
  expect(await (await getOutput(id)).text()).toBe('{"promptIndex":0}\n{"promptIndex":1}\n');
});

test('a train job has no output', async () => {
  const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' } });
  const [job] = await api().jobs.create([{ kind: 'train', request }]);
  expect(await problemOf(await getOutput(job?.id ?? ''))).toMatchObject({ status: 422, code: 'no_output' });
});
