import { job, jobPage } from '@glyphmill/contract';
import { describe, expect, test } from 'vitest';
import { publishModel } from './model.fixture.js';
import { problemOf, useApi } from './running-api.fixture.js';

const api = useApi({ MAX_QUEUED_JOBS: '1500' });
const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };
const ITEM = { kind: 'train', ...TRAIN };

function post(path: string, body: unknown, key?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) };
  return fetch(`${api().url}/api/jobs/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function queued(body: unknown, key?: string) {
  const response = await post('batch', body, key);
  expect(response.status).toBe(202);
  return jobPage.parse(await response.json()).data;
}

async function waiting(): Promise<number> {
  const [train, generate] = await Promise.all([api().jobs.queueCounts('train'), api().jobs.queueCounts('generate')]);
  return train.waiting + generate.waiting;
}

describe('a batch', () => {
  test('a batch queues jobs of both kinds in their order', async () => {
    const model = await publishModel(api().storage);
    const jobs = await queued([ITEM, { kind: 'generate', model, prompts: ['a secret'] }, { ...ITEM, tags: ['third'] }]);
    expect(jobs.map(({ kind, state }) => [kind, state])).toEqual([
      ['train', 'queued'],
      ['generate', 'queued'],
      ['train', 'queued'],
    ]);
    expect(jobs[1]?.request).not.toHaveProperty('prompts');
    for (const each of jobs) {
      const found = job.parse(await (await fetch(`${api().url}/api/jobs/${each.id}`)).json());
      expect({ ...found, request: each.request, queuePosition: null }).toEqual(each);
    }
    expect(await api().jobs.shards.prompts(jobs[1]!.id)).toEqual(['a secret']);
  });

  test('a batch with a fault in any of its requests is 400, names it, and queues none', async () => {
    const before = await waiting();
    const items = [ITEM, { ...ITEM, training: { maxSteps: -1 }, colour: 'white' }, { kind: 'dance' }, TRAIN, 'train'];
    const problem = await problemOf(await post('batch', items));
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual([
      'items[1].colour',
      'items[1].training.maxSteps',
      'items[2].kind',
      'items[3].kind',
      'items[4]',
    ]);
    expect(await waiting()).toBe(before);
  });

  test('a batch with a request that could only fail names it, and queues none', async () => {
    const before = await waiting();
    const problem = await problemOf(await post('batch', [ITEM, { ...ITEM, dataset: 'nothing' }]));
    expect(problem).toMatchObject({ status: 422, code: 'unknown_dataset' });
    expect(problem.detail).toMatch(/^items\[1\]\.dataset: there is no "nothing"/u);
    const late = await problemOf(await post('batch', [ITEM, { ...ITEM, deadline: '2001-01-01T00:00:00Z' }]));
    expect(late.errors?.map(({ path }) => path)).toEqual(['items[1].deadline']);
    expect(await waiting()).toBe(before);
  });

  test.each([
    ['nothing', []],
    ['more than 1,000 requests', Array.from({ length: 1001 }, () => ITEM)],
    ['what is no array', ITEM],
  ])('a batch of %s is 400', async (_, body) => {
    expect(await problemOf(await post('batch', body))).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('a batch of more bytes than a body may have is 413', async () => {
    const items = [ITEM, { ...ITEM, name: 'x'.repeat(7 * 1024 ** 2) }];
    expect(await problemOf(await post('batch', items))).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('a batch that the queue has no room for is 429 with Retry-After, and single jobs still are taken', async () => {
    const before = await waiting();
    const items = Array.from({ length: 1000 }, () => ITEM);
    expect(await queued(items)).toHaveLength(1000);
    const response = await post('batch', items);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 429, code: 'queue_full', limit: 1500 });
    expect(problem.detail).toContain('MAX_QUEUED_JOBS');
    expect(await waiting()).toBe(before + 1000);
    expect((await post('train', TRAIN)).status).toBe(202);
  });
});

describe('an idempotency key', () => {
  const idOf = async (response: Response) => job.parse(await response.json()).id;

  test('an idempotency key answers the same request with the first job, as it is now, and its location', async () => {
    const id = await idOf(await post('train', TRAIN, 'first'));
    await api().jobs.cancel(id);
    const again = await post('train', { ...TRAIN, priority: 0 }, 'first');
    expect(again.status).toBe(202);
    expect(again.headers.get('location')).toBe(`/api/jobs/${id}`);
    expect(job.parse(await again.json())).toMatchObject({ id, state: 'cancelled' });
  });

  test('an idempotency key of another request is 422', async () => {
    await post('train', TRAIN, 'second');
    const problem = await problemOf(await post('train', { ...TRAIN, priority: 1 }, 'second'));
    expect(problem).toMatchObject({ status: 422, code: 'idempotency_conflict' });
  });

  test('an idempotency key is one of its route', async () => {
    const model = await publishModel(api().storage);
    const train = await idOf(await post('train', TRAIN, 'third'));
    const generate = await idOf(await post('generate', { model, prompts: ['a'] }, 'third'));
    expect(generate).not.toBe(train);
  });

  test('an idempotency key makes a batch once', async () => {
    const first = await queued([ITEM, ITEM], 'batch');
    const second = await queued([ITEM, ITEM], 'batch');
    expect(second.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  });

  test('an idempotency key answers also what could not be taken now', async () => {
    const model = await publishModel(api().storage);
    const generate = () => post('generate', { model, prompts: ['a'] }, 'gone');
    const id = await idOf(await generate());
    await api().jobs.cancel(id);
    await api().storage.deleteAll(`models/${model}`);
    expect(await idOf(await generate())).toBe(id);
  });

  test('an idempotency key of a job that was deleted is 410, and nothing runs again', async () => {
    const id = await idOf(await post('train', TRAIN, 'deleted'));
    await api().jobs.cancel(id);
    await fetch(`${api().url}/api/jobs/${id}`, { method: 'DELETE' });
    const before = await waiting();
    const problem = await problemOf(await post('train', TRAIN, 'deleted'));
    expect(problem).toMatchObject({ status: 410, code: 'job_deleted', jobs: [id] });
    expect(problem.detail).toContain(`The job ${id} that was made under this Idempotency-Key has been deleted since.`);
    expect(await waiting()).toBe(before);
  });

  test('an idempotency key of a batch answers with those of its jobs that were not deleted, and with 410 when all were', async () => {
    const items = [ITEM, { ...ITEM, tags: ['second'] }, ITEM];
    const [first, second, third] = await queued(items, 'thinned');
    const remove = async (id = '') => {
      await api().jobs.cancel(id);
      await fetch(`${api().url}/api/jobs/${id}`, { method: 'DELETE' });
    };
    await remove(second?.id);
    expect((await queued(items, 'thinned')).map(({ id }) => id)).toEqual([first?.id, third?.id]);
    await remove(first?.id);
    await remove(third?.id);
    const problem = await problemOf(await post('batch', items, 'thinned'));
    expect(problem).toMatchObject({ status: 410, code: 'job_deleted', jobs: [first?.id, second?.id, third?.id] });
  });

  test('an idempotency key that is empty, too long or has a space is 400 and named', async () => {
    for (const key of ['', 'a b', 'x'.repeat(256)]) {
      const problem = await problemOf(await post('train', TRAIN, key));
      expect(problem.errors?.map(({ path }) => path)).toEqual(['Idempotency-Key']);
    }
  });
});
