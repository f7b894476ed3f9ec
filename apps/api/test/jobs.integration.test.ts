import { job, type Job, jobPage, queues, REQUEST_LIMITS, workerPage } from '@glyphmill/contract';
import { connectRedis } from '@glyphmill/jobs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

// One gibibyte: the runtime and a small training fit, a training run on a large vocabulary does not.
const api = useApi({ MAX_JOB_MEMORY_BYTES: String(1024 ** 3) });
const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };

function postJob(kind: 'train' | 'generate', body: unknown): Promise<Response> {
  return postJson(`${api().url}/api/jobs/${kind}`, body);
}

async function createJob(kind: 'train' | 'generate', body: unknown): Promise<Job> {
  const response = await postJob(kind, body);
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

async function getJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  return schema.parse(await (await fetch(`${api().url}${path}`)).json());
}

function pathsOf(problem: Awaited<ReturnType<typeof problemOf>>): string[] {
  return (problem.errors ?? []).map(({ path }) => path);
}

test('a train job is queued, and shows the defaults it was given', async () => {
  const response = await postJob('train', { ...TRAIN, training: { maxSteps: 10 }, tags: ['a'] });
  expect(response.status).toBe(202);
  const queued = job.parse(await response.json());
  expect(response.headers.get('location')).toBe(`/api/jobs/${queued.id}`);
  expect(queued).toMatchObject({ kind: 'train', state: 'queued', tags: ['a'], priority: 0, attempts: 0 });
  expect(queued.request).toMatchObject({ model: { blockSize: 8 }, training: { maxSteps: 10, batchSize: 1024 } });
  expect(await getJson(`/api/jobs/${queued.id}`, job)).toEqual(queued);
});

test('a generate job is queued for a model that is there', async () => {
  const model = await publishModel(api().storage);
  const queued = await createJob('generate', { model, prompts: ['Call me '], samples: 2 });
  expect(queued).toMatchObject({ kind: 'generate', request: { model, samples: 2, maxNewTokens: 256, temperature: 1 } });
});

test('a job is streamed if its request is small, and the refusal of another names the field and the limit', async () => {
  const model = await publishModel(api().storage);
  const asked = { model, prompts: ['a', 'b'], stream: true };
  expect((await createJob('generate', { ...asked, samples: 8 })).request).toMatchObject({ stream: true });
  const problem = await problemOf(await postJob('generate', { ...asked, samples: 9 }));
  expect(problem).toMatchObject({
    status: 400,
    code: 'invalid_request',
    detail: expect.stringContaining('prompts × samples ≤ 16'),
  });
  expect(pathsOf(problem)).toEqual(['stream']);
});

test('a list is newest first, filtered, and continues after its cursor', async () => {
  const made: string[] = [];
  for (let count = 0; count < 3; count += 1) made.push((await createJob('train', { ...TRAIN, tags: ['listed'] })).id);
  const first = await getJson('/api/jobs?tag=listed&state=queued&kind=train&limit=2', jobPage);
  const second = await getJson(`/api/jobs?tag=listed&limit=2&after=${first.nextCursor}`, jobPage);
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(made.toReversed());
});

test('a list of generate jobs leaves their prompts out and is filtered by model', async () => {
  const model = await publishModel(api().storage);
  const { id } = await createJob('generate', { model, prompts: ['a secret'] });
  const page = await getJson(`/api/jobs?model=${model}`, jobPage);
  expect(page.data.map((found) => found.id)).toEqual([id]);
  expect(page.data[0]?.request).not.toHaveProperty('prompts');
});

test('a queued job is cancelled, and cancelled again is the same', async () => {
  const { id } = await createJob('train', TRAIN);
  for (let time = 0; time < 2; time += 1) {
    const response = await fetch(`${api().url}/api/jobs/${id}/cancel`, { method: 'POST' });
    expect(response.status).toBe(202);
    expect(job.parse(await response.json()).state).toBe('cancelled');
  }
});

test('a running job is cancelled at once, and its worker no longer holds it', async () => {
  const { id } = await createJob('train', TRAIN);
  await api().jobs.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
  expect(await getJson(`/api/jobs/${id}`, job)).toMatchObject({ state: 'running', worker: 'worker_1' });
  await fetch(`${api().url}/api/jobs/${id}/cancel`, { method: 'POST' });
  expect((await api().jobs.report(id, 'token', 1, {})).held).toBe(false);
});

test('a finished job cannot be cancelled', async () => {
  const { id } = await createJob('train', TRAIN);
  await api().jobs.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
  const error = { code: 'text_too_short', message: 'too short', retryable: false };
  await api().jobs.settle(id, 'token', { state: 'failed', error });
  const response = await fetch(`${api().url}/api/jobs/${id}/cancel`, { method: 'POST' });
  expect(await problemOf(response)).toMatchObject({ status: 409, code: 'job_state_conflict' });
});

test('a job that is not there is 404', async () => {
  for (const path of ['', '/events', '/output']) {
    const response = await fetch(`${api().url}/api/jobs/job_nothing${path}`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'job_not_found' });
  }
});

test('an unknown dataset or model is 422', async () => {
  const train = await postJob('train', { ...TRAIN, dataset: 'nothing' });
  expect(await problemOf(train)).toMatchObject({ status: 422, code: 'unknown_dataset' });
  const generate = await postJob('generate', { model: 'nothing', prompts: ['a'] });
  expect(await problemOf(generate)).toMatchObject({ status: 422, code: 'unknown_model' });
});

async function uploadText(text: string): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: text };
  const response = await fetch(`${api().url}/api/datasets`, init);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

test('a text shorter than the block is 422 and says what would do', async () => {
  const dataset = await uploadText('Call me Ishmael, some years ago.');
  const problem = await problemOf(await postJob('train', { dataset, model: { kind: 'bigram', blockSize: 64 } }));
  expect(problem).toMatchObject({ status: 422, code: 'text_too_short' });
  expect(problem.detail).toContain('blockSize 64');
});

test('a text of one distinct character is 422', async () => {
  const dataset = await uploadText('a'.repeat(1000));
  const problem = await problemOf(await postJob('train', { dataset, model: { kind: 'bigram' } }));
  expect(problem).toMatchObject({ status: 422, code: 'text_too_uniform' });
});

test('a training run that would not fit is 422 with the estimate and the limit', async () => {
  const manyCharacters = Array.from({ length: 12_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
  const dataset = await uploadText(manyCharacters);
  const problem = await problemOf(await postJob('train', { dataset, model: { kind: 'bigram' } }));
  expect(problem).toMatchObject({ status: 422, code: 'would_not_fit', availableBytes: 1024 ** 3 });
  expect(Number(problem['estimateBytes'])).toBeGreaterThan(1024 ** 3);
});

test('a batch beyond the limit is 400 and names the limit', async () => {
  const problem = await problemOf(
    await postJob('train', {
      dataset: 'moby-dick',
      model: { kind: 'bigram', blockSize: 8192 },
      training: { batchSize: 1_048_576 },
    }),
  );
  expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(problem.errors).toEqual([{ path: 'training.batchSize', message: expect.stringContaining('4194304') }]);
});

test('every field at fault is named at once', async () => {
  const body = { ...TRAIN, training: { maxSteps: -1, learningrate: 1 }, colour: 'white', tags: ['ok', 'no spaces'] };
  const problem = await problemOf(await postJob('train', body));
  expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(pathsOf(problem).sort()).toEqual(['colour', 'tags[1]', 'training.learningrate', 'training.maxSteps']);
  expect(problem.errors?.find(({ path }) => path === 'training.maxSteps')?.message).toContain('>=1');
});

test('an unknown kind of model names the kinds there are', async () => {
  const problem = await problemOf(await postJob('train', { ...TRAIN, model: { kind: 'llama' } }));
  expect(problem.errors).toEqual([{ path: 'model.kind', message: expect.stringContaining('bigram') }]);
});

test('more prompts, bytes or tokens than the limit are 400 and name the limit', async () => {
  const model = await publishModel(api().storage);
  const tooMany = Array.from({ length: REQUEST_LIMITS.prompts + 1 }, () => 'a');
  const tooLong = ['a'.repeat(REQUEST_LIMITS.promptBytes + 1)];
  const refusals = [
    { body: { model, prompts: tooMany }, path: 'prompts', limit: String(REQUEST_LIMITS.prompts) },
    { body: { model, prompts: tooLong }, path: 'prompts', limit: '4 MiB' },
    {
      body: { model, prompts: Array.from({ length: 6 }, () => 'a'), samples: 1000, maxNewTokens: 100_000 },
      path: 'maxNewTokens',
      limit: '500000000',
    },
    {
      body: { model, prompts: Array.from({ length: 1001 }, () => 'a'), samples: 1000, maxNewTokens: 1 },
      path: 'samples',
      limit: '1000000',
    },
    { body: { model, prompts: ['a'], samples: 1000, logprobs: 1 }, path: 'logprobs', limit: '250000' },
    { body: { model, prompts: ['a'], stop: Array(1000).fill('a') }, path: 'stop', limit: '8' },
  ];
  for (const { body, path, limit } of refusals) {
    const problem = await problemOf(await postJob('generate', body));
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.errors).toEqual([{ path, message: expect.stringContaining(limit) }]);
  }
});

test('a body that is larger than any request is 413', async () => {
  const problem = await problemOf(await postJob('generate', { model: 'm', prompts: ['a'.repeat(7 * 1024 ** 2)] }));
  expect(problem).toMatchObject({ status: 413, code: 'body_too_large' });
  expect(problem.detail).toContain('6291456 bytes');
});

test.each([
  ['no JSON', '{"dataset": moby-dick}', 'malformed_json'],
  ['JSON that is cut off', '{"dataset": "moby-', 'malformed_json'],
  ['JSON that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'malformed_json'],
  ['JSON that is no object', '[]', 'invalid_request'],
  ['nothing', '', 'invalid_request'],
])('a body of %s is 400', async (_, body, code) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const response = await fetch(`${api().url}/api/jobs/train`, init);
  expect(await problemOf(response)).toMatchObject({ status: 400, code });
});

test('a body of another content type is 415', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const init = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(TRAIN) };
    const response = await fetch(`${api().url}/api/jobs/train`, init);
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  }
});

test('a query that cannot be used is 400 and named', async () => {
  const response = await fetch(`${api().url}/api/jobs?limit=0&state=lost&page=2`);
  expect(pathsOf(await problemOf(response)).sort()).toEqual(['limit', 'page', 'state']);
  const cursor = await fetch(`${api().url}/api/jobs?after=yesterday`);
  expect(pathsOf(await problemOf(cursor))).toEqual(['after']);
});

test('an address without a route is 404', async () => {
  expect(await problemOf(await fetch(`${api().url}/api/nothing`))).toMatchObject({ status: 404, code: 'not_found' });
  expect(await problemOf(await fetch(`${api().url}/api/%`))).toMatchObject({ status: 400 });
});

test('a page of another site cannot make a browser send requests', async () => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: 'http://elsewhere.example' },
    body: 'text',
  };
  const response = await fetch(`${api().url}/api/datasets`, init);
  expect(await problemOf(response)).toMatchObject({ status: 403, code: 'cross_origin' });
});

test('an unexpected error shows the request id, and nothing of the server', async () => {
  const redis = connectRedis(api().valkey.url, 'worker', () => undefined);
  const { id } = await createJob('train', TRAIN);
  const record = `{glyphmill}:job:${id}`;
  const request = await redis.hget(record, 'request');
  await redis.hset(record, { request: '{"model":' });
  const problem = await problemOf(await fetch(`${api().url}/api/jobs/${id}`));
  await redis.hset(record, { request: request ?? '' });
  redis.disconnect();
  expect(problem).toMatchObject({ status: 500, code: 'internal_error' });
  expect(problem.detail).toContain(problem.instance?.replace('urn:glyphmill:request:', ''));
  expect(problem.detail).not.toContain('JSON');
});

test('a well-formed request id comes back, and any other is replaced', async () => {
  const idOf = async (given: string) => {
    const response = await fetch(`${api().url}/health/live`, { headers: { 'x-request-id': given } });
    return response.headers.get('x-request-id');
  };
  expect(await idOf('trace-42')).toBe('trace-42');
  expect(await idOf('a b')).toMatch(/^[\w-]{36}$/u);
});

test('the queues count what waits and runs', async () => {
  const before = await getJson('/api/queues', queues);
  const { id } = await createJob('train', TRAIN);
  expect((await getJson('/api/queues', queues)).train.waiting).toBe(before.train.waiting + 1);
  await api().jobs.claim(id, { delivery: 1, token: 'token', worker: 'worker_1' });
  expect(await getJson('/api/queues', queues)).toMatchObject({
    train: { waiting: before.train.waiting, running: before.train.running + 1 },
  });
});

test('without workers their list is empty', async () => {
  expect(await getJson('/api/workers', workerPage)).toEqual({ data: [], nextCursor: null });
});

test.each([
  'limit=0x10',
  'limit=1e1',
  'limit=',
  'limit=+5',
  'limit=5.0',
  'limit=٣',
  'limit=0',
  'limit=201',
  'limit=1&limit=2',
])('a count in a query is written in decimal digits, and ?%s is refused', async (query) => {
  const problem = await problemOf(await fetch(`${api().url}/api/jobs?${query}`));
  expect(problem).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ path: 'limit' }] });
});

test.each(['datasets', 'models', 'jobs'])('/api/%s refuses a cursor that it never gave out', async (list) => {
  for (const after of ['', '../x', 'a b', 'x'.repeat(65)]) {
    const problem = await problemOf(await fetch(`${api().url}/api/${list}?after=${encodeURIComponent(after)}`));
    expect(problem).toMatchObject({ status: 400, errors: [{ path: 'after' }] });
  }
});
