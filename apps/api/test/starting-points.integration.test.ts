import { type Job, job, trainRequest } from '@glyphmill/contract';
import { CharacterTokenizer } from '@glyphmill/data';
import { modelConfig } from '@glyphmill/model/config';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { publishModel } from './model.fixture.js';
import { postJson, problemOf, useApi } from './running-api.fixture.js';

const api = useApi();
const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };
const GPT = { kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8 } as const;
const VOCABULARY_SIZE = 83;

function postTrain(body: object): Promise<Response> {
  return postJson(`${api().url}/api/jobs/train`, { ...TRAIN, ...body });
}

async function queued(response: Response): Promise<Job> {
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

describe('a training run that starts from a model', () => {
  const publishGpt = () =>
    publishModel(api().storage, { kind: 'gpt', model: modelConfig.parse(GPT), vocabularySize: VOCABULARY_SIZE });

  test('a training run that starts from a model is queued where kind, sizes and vocabulary are the same; another dropout is no other size', async () => {
    const model = await publishGpt();
    const created = await queued(await postTrain({ model: { ...GPT, dropout: 0.2 }, initFrom: model }));
    expect(created.request).toMatchObject({ initFrom: { model, vocabulary: 'same', positions: 'same' } });
  });

  test('a training run that starts from a model is 422 if a size is another, and each is named with what the model has', async () => {
    const initFrom = await publishGpt();
    const problem = await problemOf(await postTrain({ model: { ...GPT, nLayer: 2, nEmbd: 32, bias: true }, initFrom }));
    expect(problem).toMatchObject({ status: 422, code: 'init_mismatch' });
    expect(problem.detail).toMatch(/nLayer is 2 and not 1; nEmbd is 32 and not 16; bias is true and not false/u);
  });

  test('a training run that starts from a model is 422 if the kind is another', async () => {
    const problem = await problemOf(await postTrain({ initFrom: await publishGpt() }));
    expect(problem).toMatchObject({
      code: 'init_mismatch',
      detail: expect.stringContaining('kind is bigram and not gpt'),
    });
  });

  test('a training run that starts from a model may have another blockSize only where positions are resized', async () => {
    const model = await publishGpt();
    const longer = { ...GPT, blockSize: 16 };
    const problem = await problemOf(await postTrain({ model: longer, initFrom: model }));
    expect(problem).toMatchObject({ status: 422, code: 'init_mismatch' });
    expect(problem.detail).toMatch(/blockSize is 16 and not 8 \(positions "resize"/u);
    await queued(await postTrain({ model: longer, initFrom: { model, positions: 'resize' } }));
  });

  test('a training run that starts from a model may have a vocabulary of another size only where it is mapped by character', async () => {
    const model = await publishModel(api().storage, { vocabularySize: 65 });
    const problem = await problemOf(await postTrain({ initFrom: model }));
    expect(problem).toMatchObject({ status: 422, code: 'init_mismatch' });
    expect(problem.detail).toMatch(/83 distinct characters and not 65 \(vocabulary "by-character"/u);
    await queued(await postTrain({ initFrom: { model, vocabulary: 'by-character' } }));
  });

  test('a training run that starts from a model is 422 when its text has as many characters as the model knows, but others, and names them', async () => {
    const text = 'abcé\n'.repeat(100);
    const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: text };
    const { id: dataset } = z
      .object({ id: z.string() })
      .parse(await (await fetch(`${api().url}/api/datasets`, init)).json());
    const publish = async (characters: string) => {
      const model = await publishModel(api().storage, { vocabularySize: 5 });
      const tokenizer = CharacterTokenizer.fromText(characters).toHuggingFace({ padding: true });
      await api().storage.put(`models/${model}/tokenizer.json`, JSON.stringify(tokenizer));
      return model;
    };
    const model = await publish('abcd\n');
    const problem = await problemOf(await postTrain({ dataset, initFrom: model }));
    expect(problem).toMatchObject({ status: 422, code: 'init_mismatch' });
    expect(problem.detail).toContain(
      'the text has 1 character that it does not know (“é” (U+00E9)) and lacks 1 character that it knows (“d” (U+0064)) ' +
        '(vocabulary "by-character" maps them)',
    );
    await queued(await postTrain({ dataset, initFrom: { model, vocabulary: 'by-character' } }));
    await queued(await postTrain({ dataset, initFrom: await publish(text) }));

    // As earlier versions stored it: the engine compares the characters.
    await api().storage.delete(`datasets/${dataset}/alphabet`);
    await queued(await postTrain({ dataset, initFrom: model }));
  });

  test('a training run that starts from a model is 422 if there is no such model', async () => {
    const problem = await problemOf(await postTrain({ initFrom: 'model_nothing' }));
    expect(problem).toMatchObject({ status: 422, code: 'unknown_model', detail: expect.stringMatching(/^initFrom/u) });
  });

  test('a training run that starts from a model keeps its model from being deleted', async () => {
    const model = await publishModel(api().storage);
    const { id } = await queued(await postTrain({ initFrom: model }));
    const remove = () => fetch(`${api().url}/api/models/${model}`, { method: 'DELETE' });
    expect(await problemOf(await remove())).toMatchObject({ status: 409, code: 'model_in_use', job: id });
    await api().jobs.cancel(id);
    expect((await remove()).status).toBe(204);
  });
});

describe('a training run that resumes a job', () => {
  const checkpoints = [
    { key: 'checkpoints/job/000000020-0', step: 20 },
    { key: 'checkpoints/job/000000010-0', step: 10 },
  ];
  const more = { training: { maxSteps: 30 } };
  let trained: string;

  /** A train job that a worker has, which wrote these checkpoints. */
  async function runningJob(pointers: typeof checkpoints): Promise<string> {
    const request = trainRequest.parse({ ...TRAIN, training: { maxSteps: 25 } });
    const [created] = await api().jobs.create([{ kind: 'train', request }]);
    await api().jobs.claim(created!.id, { delivery: 1, token: 'token', worker: 'worker_1' });
    for (const pointer of pointers.toReversed()) await api().jobs.saveCheckpoint(created!.id, 'token', pointer);
    return created!.id;
  }

  beforeAll(async () => {
    for (const { key } of checkpoints) await api().storage.put(`${key}/checkpoint.json`, '{}');
    trained = await runningJob(checkpoints);
    const result = { model: 'model_1', trainLoss: 2, validationLoss: 2 };
    await api().jobs.settle(trained, 'token', { state: 'succeeded', result });
  });

  test('a training run that resumes a job is queued, and is handed the checkpoints of that job', async () => {
    const created = await queued(await postTrain({ ...more, resumeFrom: trained }));
    expect(created.request).toMatchObject({ resumeFrom: trained, training: { maxSteps: 30 } });
    expect(await api().jobs.checkpoints(created.id)).toEqual(checkpoints);
  });

  test('a training run that resumes a job is 422 if its steps are not beyond the checkpoint', async () => {
    const problem = await problemOf(await postTrain({ training: { maxSteps: 20 }, resumeFrom: trained }));
    expect(problem).toMatchObject({ status: 422, code: 'resume_mismatch', step: 20 });
    expect(problem.detail).toMatch(/^training\.maxSteps: .*step 20, and 20 is not beyond/u);
  });

  test('a training run that resumes a job is 422 when none of its checkpoints is stored any more', async () => {
    const gone = [{ key: 'checkpoints/gone/000000020-0', step: 20 }];
    const id = await runningJob(gone);
    await api().jobs.cancel(id);
    const problem = await problemOf(await postTrain({ ...more, resumeFrom: id }));
    expect(problem).toMatchObject({ status: 422, code: 'no_checkpoint', detail: expect.stringMatching(/no longer/u) });
  });

  test('a training run that resumes a job is 422 if its model is another', async () => {
    const problem = await problemOf(
      await postTrain({ ...more, model: { kind: 'bigram', blockSize: 16 }, resumeFrom: trained }),
    );
    expect(problem).toMatchObject({ status: 422, code: 'resume_mismatch', detail: expect.stringMatching(/^model: /u) });
  });

  test('a training run that resumes a job is 422 if a setting is another that decides what the next step sees', async () => {
    const training = { ...more.training, batchSize: 7 };
    const problem = await problemOf(await postTrain({ training, resumeFrom: trained }));
    expect(problem).toMatchObject({ status: 422, code: 'resume_mismatch' });
    expect(problem.detail).toMatch(/^training\.batchSize: .* with 1024 and not 7/u);
  });

  test('a training run that resumes a job is 422 if its dataset is another', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'Call me Ishmael. '.repeat(100) };
    const { id: dataset } = z
      .object({ id: z.string() })
      .parse(await (await fetch(`${api().url}/api/datasets`, init)).json());
    const problem = await problemOf(await postTrain({ ...more, dataset, resumeFrom: trained }));
    expect(problem).toMatchObject({
      status: 422,
      code: 'resume_mismatch',
      detail: expect.stringMatching(/^dataset: /u),
    });
  });

  test('a training run that resumes a job is 409 while that job is not finished', async () => {
    const problem = await problemOf(await postTrain({ ...more, resumeFrom: await runningJob(checkpoints) }));
    expect(problem).toMatchObject({
      status: 409,
      code: 'job_state_conflict',
      detail: expect.stringMatching(/running/u),
    });
  });

  test('a training run that resumes a job is 422 if that job has no checkpoint, is not there, or is no train job', async () => {
    const without = await runningJob([]);
    await api().jobs.cancel(without);
    const problem = await problemOf(await postTrain({ ...more, resumeFrom: without }));
    expect(problem).toMatchObject({ status: 422, code: 'no_checkpoint' });

    const nothing = await problemOf(await postTrain({ ...more, resumeFrom: 'job_nothing' }));
    expect(nothing).toMatchObject({ status: 422, code: 'unknown_job' });

    const model = await publishModel(api().storage);
    const generate = await queued(await postJson(`${api().url}/api/jobs/generate`, { model, prompts: ['a'] }));
    const other = await problemOf(await postTrain({ ...more, resumeFrom: generate.id }));
    expect(other).toMatchObject({ status: 422, code: 'resume_mismatch' });
  });

  test('a training run that resumes a job is 400 where it starts from a model too, and both are named', async () => {
    const problem = await problemOf(await postTrain({ ...more, resumeFrom: trained, initFrom: 'model_1' }));
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.errors).toEqual([
      { path: 'resumeFrom', message: expect.stringMatching(/initFrom and resumeFrom/u) },
    ]);
  });
});
