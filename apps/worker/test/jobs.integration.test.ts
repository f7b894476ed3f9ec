import { createHash } from 'node:crypto';
import { trainResult } from '@glyphmill/contract';
import { generatedLine, modelManifest, outputLine } from '@glyphmill/model/config';
import { beforeEach, describe, expect, test } from 'vitest';
import { TEXT, useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

async function trainedModel(): Promise<string> {
  const job = await place.ended(await place.train({ dataset: await place.dataset('fox') }));
  return trainResult.parse(job.result).model;
}

async function outputOf(jobId: string): Promise<string[]> {
  const names = await place.storage.listNames(`outputs/${jobId}`);
  return await Promise.all(
    names.map(async (name) => String(await place.storage.readBytes(`outputs/${jobId}/${name}`))),
  );
}

describe('a train job', () => {
  test('a train job publishes a whole model folder, and reports it in order', async () => {
    await place.worker();
    const job = await place.train({ dataset: await place.dataset('fox'), name: 'A fox' });
    const told: string[] = [];
    for await (const event of place.events(job)) {
      told.push(event.type === 'state' ? event.state : 'step' in event ? `${event.type} ${event.step}` : event.type);
    }
    expect(told.slice(0, 2)).toEqual(['queued', 'running']);
    expect(told.at(-1)).toBe('succeeded');
    expect(told.filter((each) => each.startsWith('sample'))).toEqual(['sample 0', 'sample 300']);
    // The last is over the whole of each split.
    const metrics = [0, 100, 200, 300, 300].map((step) => `metric ${step}`);
    expect(told.filter((each) => each.startsWith('metric'))).toEqual(metrics);
    expect(told.indexOf('sample 0')).toBeLessThan(told.indexOf('metric 100'));

    const { state, attempts, error, result, progress } = await place.get(job);
    expect(progress).toMatchObject({ step: 300, tokensSeen: 300 * 16 * 8, gradientNorm: expect.any(Number) });
    expect({ state, attempts, error }).toEqual({ state: 'succeeded', attempts: 0, error: null });
    const { model, trainLoss } = trainResult.parse(result);
    const manifest = modelManifest.parse(
      JSON.parse(String(await place.storage.readBytes(`models/${model}/manifest.json`))),
    );
    expect(manifest).toMatchObject({ id: model, name: 'A fox', job: job.id, device: 'cpu', threads: 1, trainLoss });
    expect(trainLoss).toBeLessThan(Math.log(new Set(TEXT).size));
    expect(manifest.files.map((file) => file.path)).toEqual(
      expect.arrayContaining([
        'config.json',
        'model.safetensors',
        'tokenizer.json',
        'onnx/model.onnx',
        'metrics.jsonl',
      ]),
    );
    for (const file of manifest.files) {
      const bytes = await place.storage.readBytes(`models/${model}/${file.path}`);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    }
  });

  test('a train job with the same seed yields the same bytes', async () => {
    await place.worker();
    const dataset = await place.dataset('fox');
    const [first, second] = [await place.train({ dataset }), await place.train({ dataset })];
    const weights = await Promise.all(
      [first, second].map(async (job) => {
        const { model } = trainResult.parse((await place.ended(job)).result);
        return [
          await place.storage.readBytes(`models/${model}/model.safetensors`),
          await place.storage.readBytes(`models/${model}/onnx/model.onnx`),
        ];
      }),
    );
    expect(weights[0]).toEqual(weights[1]);
  });

  test('a train job on a dataset whose bytes have changed fails without another attempt', async () => {
    await place.worker();
    const job = await place.train({ dataset: await place.dataset('fox', TEXT, '0'.repeat(64)) });
    expect(await place.ended(job)).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'corrupt_dataset', message: expect.stringContaining('upload it again'), retryable: false },
    });
  });

  test('a train job on a text shorter than its block fails without another attempt', async () => {
    await place.worker();
    const job = await place.train({ dataset: await place.dataset('short', 'ab') });
    expect(await place.ended(job)).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'text_too_short' } });
  });
});

describe('a generate job', () => {
  test('a generate job writes its shards in order, and a prompt with an unknown character is an error in its own line', async () => {
    await place.worker();
    const model = await trainedModel();
    const prompts = Array.from({ length: 300 }, (_, i) => (i === 270 ? 'The ÿak' : `The ${'fox '.repeat(i % 3)}`));
    const job = await place.ended(await place.generate({ model, prompts, maxNewTokens: 4 }));
    const ranOn = [{ device: 'cpu', onnxruntime: expect.stringMatching(/^1\./u) }];
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { counts: { done: 299, failed: 1, tokens: 299 * 4 }, ranOn },
    });
    expect(job.progress).toMatchObject({ done: 299, failed: 1, total: 300 });

    const shards = await outputOf(job.id);
    expect(shards).toHaveLength(2);
    const lines = shards
      .flatMap((text) => text.trimEnd().split('\n'))
      .map((line) => outputLine.parse(JSON.parse(line)));
    expect(lines.map((line) => line.prompt)).toEqual(prompts);
    expect(lines.map((line) => line.promptIndex)).toEqual(prompts.map((_, i) => i));
    expect(lines.filter((line) => 'error' in line)).toEqual([
      expect.objectContaining({
        promptIndex: 270,
        error: { code: 'unknown_character', message: expect.stringContaining('ÿ') },
      }),
    ]);
  });

  test('a generate job with the same seed yields the same bytes, with another other ones', async () => {
    await place.worker();
    const model = await trainedModel();
    const texts: string[][] = [];
    for (const seed of [1, 1, 2]) {
      const job = await place.generate({ model, prompts: ['The ', ''], samples: 2, maxNewTokens: 50, seed });
      await place.ended(job);
      texts.push(await outputOf(job.id));
    }
    expect(texts[0]).toEqual(texts[1]);
    expect(texts[0]).not.toEqual(texts[2]);
  });

  test('a generate job ends its texts at a stop string, and reports log probabilities of what it drew', async () => {
    await place.worker();
    const model = await trainedModel();
    const rules = { stop: ['o', 'e '], logprobs: 2, repetitionPenalty: 1.2, window: 'sliding' as const };
    const job = await place.ended(await place.generate({ model, prompts: ['The '], samples: 20, ...rules }));
    const [shard = ''] = await outputOf(job.id);
    const lines = shard
      .trimEnd()
      .split('\n')
      .map((line) => generatedLine.parse(JSON.parse(line)));
    expect(lines).toHaveLength(20);
    for (const { text, tokenCount, finishReason, logprobs } of lines) {
      expect(finishReason).toBe('stop');
      expect(text).not.toMatch(/o|e /u);
      expect(tokenCount - text.length).toBeOneOf([1, 2]);
      expect(logprobs!.tokens.join('')).toBe(text);
      for (const [at, token] of logprobs!.tokens.entries()) {
        expect(logprobs!.topLogprobs[at]![token]).toBe(logprobs!.tokenLogprobs[at]);
      }
    }
    const tokens = lines.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    expect(job).toMatchObject({ state: 'succeeded', result: { counts: { done: 20, failed: 0, tokens } } });
  });

  test('a generate job of a model that was deleted fails without another attempt', async () => {
    await place.worker({ WORKER_ROLES: 'generate' });
    const job = await place.ended(await place.generate({ model: 'model_gone', prompts: ['a'] }));
    expect(job).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'not_found', retryable: false } });
  });
});
