import { expect, test } from 'vitest';
import { GlyphmillClient } from './glyphmill-client.js';
import { GENERATE_JOB, TRAIN, TRAIN_JOB } from './jobs.fixture.js';
import { cut, json, problem, serve } from './scripted-server.fixture.js';

test('a request is sent again after a broken connection and after 503, under one idempotency key', async () => {
  const { url, received } = await serve(
    cut,
    problem(503, 'queue_unavailable', { 'retry-after': '0' }),
    json(202, TRAIN_JOB),
  );
  const job = await new GlyphmillClient({ url }).jobs.train(TRAIN);
  expect(job.request.training.maxSteps).toBeGreaterThan(0);
  expect(received.map(({ method, url: path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /api/jobs/train'));
  expect(new Set(received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(received.map(({ body }) => JSON.parse(body) as unknown)).toEqual(Array(3).fill(TRAIN));
});

test('two calls have different idempotency keys, unless the caller passes one', async () => {
  const { url, received } = await serve(json(202, GENERATE_JOB));
  const { jobs } = new GlyphmillClient({ url });
  await jobs.generate({ model: 'model_1', prompts: ['a'] });
  await jobs.generate({ model: 'model_1', prompts: ['a'] });
  await jobs.generate({ model: 'model_1', prompts: ['a'] }, { idempotencyKey: 'mine' });
  const keys = received.map(({ headers }) => headers['idempotency-key']);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBe('mine');
});

test('a full queue is tried again after Retry-After, and given up when that is beyond the patience', async () => {
  const waits = await serve(problem(429, 'queue_full', { 'retry-after': '1' }), json(202, TRAIN_JOB));
  await new GlyphmillClient({ url: waits.url }).jobs.train(TRAIN);
  expect(waits.received).toHaveLength(2);

  const refuses = await serve(problem(429, 'queue_full', { 'retry-after': '30' }));
  const impatient = new GlyphmillClient({ url: refuses.url, patienceMs: 5000 });
  await expect(impatient.jobs.train(TRAIN)).rejects.toMatchObject({ code: 'queue_full', status: 429 });
  expect(refuses.received).toHaveLength(1);
});

test('a refusal that no repetition changes is thrown at once, with its problem document', async () => {
  const { url, received } = await serve(problem(422, 'unknown_dataset'));
  const refusal = new GlyphmillClient({ url }).jobs.train({ ...TRAIN, dataset: 'nothing' });
  await expect(refusal).rejects.toMatchObject({
    name: 'ProblemError',
    code: 'unknown_dataset',
    message: 'POST /api/jobs/train: a detail (422 unknown_dataset)',
  });
  expect(received).toHaveLength(1);
});

test('an API that cannot be reached, another server, and another version are unreachable, with the reason', async () => {
  const { url: closed, stop } = await serve();
  await stop();
  const none = new GlyphmillClient({ url: closed, patienceMs: 0 });
  await expect(none.queues()).rejects.toThrow(/^GET \/api\/queues: fetch failed \(.*ECONNREFUSED/u);
  const other = await serve((response) => response.writeHead(404).end('<html>'));
  const unknown = new GlyphmillClient({ url: other.url });
  await expect(unknown.queues()).rejects.toThrow('404 without a problem document: <html>');
  const newer = await serve(json(200, { ...TRAIN_JOB, state: 'dreaming' }));
  await expect(new GlyphmillClient({ url: newer.url }).jobs.get('job_1')).rejects.toThrow(
    'not what this version expects',
  );
});

test('an answer that does not begin in time is given up', async () => {
  const { url, received } = await serve(() => undefined, json(200, TRAIN_JOB));
  expect(await new GlyphmillClient({ url, answerMs: 100 }).jobs.get('job_1')).toMatchObject({ id: 'job_1' });
  expect(received).toHaveLength(2);
});

test('a deletion whose answer was lost has succeeded when the repetition finds nothing', async () => {
  const lost = await serve(cut, problem(404, 'job_not_found'));
  await new GlyphmillClient({ url: lost.url }).jobs.delete('job_1');
  const unknown = await serve(problem(404, 'job_not_found'));
  await expect(new GlyphmillClient({ url: unknown.url }).jobs.delete('job_1')).rejects.toThrow('job_not_found');
});

test('a caller that aborts is not kept waiting by repetitions', async () => {
  const abort = new AbortController();
  const { url } = await serve((response) => {
    response.destroy();
    abort.abort(new Error('enough'));
  });
  const asked = new GlyphmillClient({ url }).jobs.train(TRAIN, { signal: abort.signal });
  await expect(asked).rejects.toThrow('enough');
});

test('ids, filters and names are escaped', async () => {
  const { url, received } = await serve(json(200, { data: [], nextCursor: null }));
  const client = new GlyphmillClient({ url: () => Promise.resolve(`${url}/`) });
  await client.jobs.list({ tag: 'a:b/c', limit: 2 });
  await client.models.list().catch(() => undefined);
  await client.jobs.get('../datasets').catch(() => undefined);
  expect(received.map(({ url: path }) => path)).toEqual([
    '/api/jobs?tag=a%3Ab%2Fc&limit=2',
    '/api/models',
    '/api/jobs/..%2Fdatasets',
  ]);
});

test('output lines are read as they come, wherever chunks are cut', async () => {
  const line = (text: string) =>
    `${JSON.stringify({ promptIndex: 0, sampleIndex: 0, prompt: 'a', text, tokenCount: 1, finishReason: 'length', seed: 1 })}\n`;
  const bytes = Buffer.from(line('🐋') + line('b'));
  const middle = bytes.indexOf('🐋') + 2;
  const { url } = await serve((response) => {
    response.write(bytes.subarray(0, middle));
    setImmediate(() => response.end(bytes.subarray(middle)));
  });
  const texts: unknown[] = [];
  for await (const each of new GlyphmillClient({ url }).jobs.output('job_2')) texts.push('text' in each && each.text);
  expect(texts).toEqual(['🐋', 'b']);
});
