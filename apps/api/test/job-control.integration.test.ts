import { type Job, job } from '@glyphmill/contract';
import type { WorkedBoard } from '@glyphmill/jobs/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const api = useApi();
const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };
const FAULT = { code: 'loss_not_a_number', message: 'the loss is not a number', retryable: false };

async function queued(kind: 'train' | 'generate', body: object): Promise<Job> {
  const response = await postJson(`${api().url}/api/jobs/${kind}`, body);
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

function ask(what: string, id: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${api().url}/api/jobs/${id}/${what}`, { method: 'POST', headers });
}

async function accepted(answer: Promise<Response>): Promise<Job> {
  const response = await answer;
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

function remove(id: string): Promise<Response> {
  return fetch(`${api().url}/api/jobs/${id}`, { method: 'DELETE' });
}

async function claim(id: string, token = 'token', delivery = 1): ReturnType<WorkedBoard['claim']> {
  return await api().jobs.claim(id, { delivery, token, worker: 'worker_1' });
}

/** A train job that failed for good after checkpoints at these steps, whose files are there. */
async function failedAt(...steps: number[]): Promise<string> {
  const { id } = await queued('train', { ...TRAIN, training: { maxSteps: 50, seed: 7 }, tags: ['again'] });
  await claim(id);
  for (const step of steps) await checkpoint(id, 'token', step);
  await api().jobs.settle(id, 'token', { state: 'failed', error: FAULT });
  return id;
}

async function checkpoint(id: string, token: string, step: number): Promise<string> {
  const key = `checkpoints/${id}/${String(step).padStart(9, '0')}-0`;
  await api().storage.put(`${key}/checkpoint.json`, '{}');
  await api().jobs.saveCheckpoint(id, token, { key, step });
  return key;
}

async function filesBelow(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of api().storage.list(prefix)) keys.push(key);
  return keys;
}

describe('pause and resume', () => {
  test('pause and resume of a job that waits are at once, and again the same', async () => {
    const { id } = await queued('train', TRAIN);
    expect(await accepted(ask('pause', id))).toMatchObject({ state: 'paused', requested: null });
    expect(await accepted(ask('pause', id))).toMatchObject({ state: 'paused' });
    expect(await accepted(ask('resume', id))).toMatchObject({ state: 'queued' });
    expect(await accepted(ask('resume', id))).toMatchObject({ state: 'queued' });
    expect(await claim(id, 'token', 2)).toBeDefined();
  });

  test('pause and resume of a job that runs are a request until its worker heeds it', async () => {
    const { id } = await queued('train', TRAIN);
    await claim(id);
    expect(await accepted(ask('pause', id))).toMatchObject({ state: 'running', requested: 'pause' });
    expect(await accepted(ask('resume', id))).toMatchObject({ state: 'running', requested: null });
    await accepted(ask('pause', id));
    await api().jobs.settle(id, 'token', { state: 'paused' });
    expect(await accepted(ask('pause', id))).toMatchObject({ state: 'paused', requested: null, attempts: 0 });
  });

  test('pause and resume of a job that has ended are 409, and of none 404', async () => {
    const id = await failedAt();
    for (const what of ['pause', 'resume', 'cancel']) {
      expect(await problemOf(await ask(what, id))).toMatchObject({ status: 409, code: 'job_state_conflict' });
      expect(await problemOf(await ask(what, 'job_nothing'))).toMatchObject({ status: 404, code: 'job_not_found' });
    }
  });
});

describe('a retry', () => {
  test('a retry is a new job with the same request, which starts from the checkpoints of the old one', async () => {
    const old = await failedAt(10, 20);
    const response = await ask('retry', old);
    expect(response.status).toBe(202);
    const again = job.parse(await response.json());
    expect(response.headers.get('location')).toBe(`/api/jobs/${again.id}`);
    expect(again).toMatchObject({ state: 'queued', retryOf: old, tags: ['again'], attempts: 0, error: null });
    expect(again.request).toMatchObject({ training: { maxSteps: 50, seed: 7 } });
    expect((await claim(again.id))?.checkpoints.map(({ step }) => step)).toEqual([20, 10]);
    expect(await accepted(fetch(`${api().url}/api/jobs/${old}/retry`, { method: 'POST' }))).toMatchObject({
      retryOf: old,
    });
  });

  test('a retry of a generate job makes the request again, prompts included', async () => {
    const model = await publishModel(api().storage);
    const { id } = await queued('generate', { model, prompts: ['Call me ', ''], samples: 2 });
    await accepted(ask('cancel', id));
    const again = await accepted(ask('retry', id));
    expect(again).toMatchObject({ kind: 'generate', retryOf: id, request: { prompts: ['Call me ', ''], samples: 2 } });
  });

  test('a retry without a checkpoint starts from the beginning', async () => {
    const again = await accepted(ask('retry', await failedAt()));
    expect((await claim(again.id))?.checkpoints).toEqual([]);
  });

  test('a retry of a retry continues from the first one’s checkpoints, even when that was deleted', async () => {
    const first = await failedAt(10);
    const second = await accepted(ask('retry', first));
    await accepted(ask('cancel', second.id));
    expect((await remove(first)).status).toBe(204);
    const third = await accepted(ask('retry', second.id));
    expect((await claim(third.id))?.checkpoints.map(({ step }) => step)).toEqual([10]);
    expect(await filesBelow(`checkpoints/${first}`)).toHaveLength(1);
  });

  test('a retry of a job that resumed another one needs that one no longer', async () => {
    const source = await failedAt(10);
    const resumed = await queued('train', { ...TRAIN, training: { maxSteps: 60, seed: 7 }, resumeFrom: source });
    await accepted(ask('cancel', resumed.id));
    await remove(source);
    const again = await accepted(ask('retry', resumed.id));
    expect(again.request).toMatchObject({ resumeFrom: source });
    expect(await claim(again.id)).toMatchObject({ checkpoints: [{ step: 10 }] });
  });

  test('a retry leaves out a deadline that has passed and keeps one that has not', async () => {
    const deadline = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await queued('train', { ...TRAIN, deadline });
    await accepted(ask('cancel', id));
    expect((await accepted(ask('retry', id))).request).toMatchObject({ deadline });
  });

  test('a retry of a job that is not failed or cancelled is 409', async () => {
    const { id } = await queued('train', TRAIN);
    expect(await problemOf(await ask('retry', id))).toMatchObject({ status: 409, code: 'job_state_conflict' });
    await claim(id);
    await api().jobs.settle(id, 'token', {
      state: 'succeeded',
      result: { model: 'model_1', trainLoss: 2, validationLoss: 2 },
    });
    const problem = await problemOf(await ask('retry', id));
    expect(problem).toMatchObject({
      status: 409,
      detail: expect.stringContaining('is succeeded and cannot be retried'),
    });
  });

  test('a retry whose dataset was deleted meanwhile is 422', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'A text to be deleted. '.repeat(99),
    };
    const response = await fetch(`${api().url}/api/datasets`, init);
    const { id: dataset } = z.object({ id: z.string() }).parse(await response.json());
    const { id } = await queued('train', { ...TRAIN, dataset });
    await accepted(ask('cancel', id));
    await fetch(`${api().url}/api/datasets/${dataset}`, { method: 'DELETE' });
    expect(await problemOf(await ask('retry', id))).toMatchObject({ status: 422, code: 'unknown_dataset' });
  });

  test('under an idempotency key is made once', async () => {
    const old = await failedAt();
    const key = { 'idempotency-key': 'retry-1' };
    const again = await accepted(ask('retry', old, key));
    expect((await accepted(ask('retry', old, key))).id).toBe(again.id);
    expect((await accepted(ask('retry', old))).id).not.toBe(again.id);
  });
});

describe('deleting a job', () => {
  test('deleting a job that is not finished is 409', async () => {
    const { id } = await queued('train', TRAIN);
    expect(await problemOf(await remove(id))).toMatchObject({ status: 409, code: 'job_state_conflict' });
  });

  test('deleting a job removes its record, its events and its checkpoints', async () => {
    const id = await failedAt(10, 20);
    expect((await remove(id)).status).toBe(204);
    for (const path of ['', '/events', '/output']) {
      expect(await problemOf(await fetch(`${api().url}/api/jobs/${id}${path}`))).toMatchObject({ status: 404 });
    }
    expect(await filesBelow(`checkpoints/${id}`)).toEqual([]);
    expect(await problemOf(await remove(id))).toMatchObject({ status: 404, code: 'job_not_found' });
  });

  test('deleting a job removes the text that it generated', async () => {
    const model = await publishModel(api().storage);
    const { id } = await queued('generate', { model, prompts: ['a'] });
    await api().storage.put(`outputs/${id}/00000.jsonl`, '{}\n');
    await accepted(ask('cancel', id));
    await remove(id);
    expect(await filesBelow(`outputs/${id}`)).toEqual([]);
    expect(await filesBelow(`models/${model}`)).not.toEqual([]);
  });

  test('deleting a job leaves the checkpoints that a retry continues from, and only those', async () => {
    const old = await failedAt(10, 20);
    await api().storage.put(`checkpoints/${old}/000000005-fallen/weights`, 'weights');
    const again = await accepted(ask('retry', old));
    await remove(old);
    expect(await filesBelow(`checkpoints/${old}`)).toEqual([
      `checkpoints/${old}/000000010-0/checkpoint.json`,
      `checkpoints/${old}/000000020-0/checkpoint.json`,
    ]);
    expect((await claim(again.id))?.checkpoints).toHaveLength(2);
  });
});

describe('a deadline', () => {
  test('a deadline in the past is 400 and names the field', async () => {
    const response = await postJson(`${api().url}/api/jobs/train`, { ...TRAIN, deadline: '2001-01-01T00:00:00Z' });
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.errors).toEqual([{ path: 'deadline', message: expect.stringContaining('must be in the future') }]);
  });

  test('a deadline is any time with its zone, and comes back in UTC', async () => {
    const created = await queued('train', { ...TRAIN, deadline: '2127-01-01T02:00:00+02:00' });
    expect(created.request).toMatchObject({ deadline: '2127-01-01T00:00:00.000Z' });
    const problem = await problemOf(await postJson(`${api().url}/api/jobs/train`, { ...TRAIN, deadline: 'tomorrow' }));
    expect(problem.errors?.map(({ path }) => path)).toEqual(['deadline']);
  });

  test('a deadline that passes while the job waits fails it', async () => {
    // A request that takes longer than this to arrive is sent again with more time.
    let response: Response;
    for (let soonMs = 1000; ; soonMs *= 2) {
      const deadline = new Date(Date.now() + soonMs).toISOString();
      response = await postJson(`${api().url}/api/jobs/train`, { ...TRAIN, deadline });
      if (response.status !== 400) break;
    }
    const { id } = await accepted(Promise.resolve(response));
    const text = await (await fetch(`${api().url}/api/jobs/${id}/events`)).text();
    expect(text).toContain('"state":"failed"');
    const failed = job.parse(await (await fetch(`${api().url}/api/jobs/${id}`)).json());
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'deadline_exceeded', retryable: false } });
  });
});
