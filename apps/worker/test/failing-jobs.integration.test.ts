import type { Job } from '@glyphmill/contract';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { trainedModel } from './trained-model.fixture.js';
import { isRunning, type WorkerProcess } from './worker-process.fixture.js';
import { ENDLESS, SHORT, useWorkplaces, type Workplace } from './workplace.fixture.js';

const open = useWorkplaces();
let place: Workplace;
beforeEach(async () => {
  place = await open();
});

describe('a job that another attempt would not mend fails at its first:', () => {
  async function failed(job: Job): Promise<Job['error']> {
    const ended = await place.ended(job);
    expect(ended).toMatchObject({ state: 'failed', attempts: 1, error: { retryable: false } });
    return ended.error;
  }

  test('one whose loss is no number any more', async () => {
    await place.worker();
    const training = { ...ENDLESS, learningRate: 10, weightDecay: 10 };
    expect(await failed(await place.train({ dataset: await place.dataset('fox'), training }))).toMatchObject({
      code: 'loss_not_finite',
      message: expect.stringContaining('smaller learningRate'),
    });
  });

  test('one for which there is not enough memory', async () => {
    await place.worker();
    // Its embeddings alone would take 137 GB a step.
    const model = { kind: 'averaging', nEmbd: 8192, blockSize: 32 } as const;
    const dataset = await place.dataset('fox');
    const training = { ...SHORT, batchSize: 131_072 };
    expect(await failed(await place.train({ dataset, model, training }))).toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(/Make training\.batchSize smaller .* or model\.blockSize, nEmbd or nLayer/u),
    });
  });

  test('one whose dataset’s description is damaged', async () => {
    await place.worker();
    const dataset = await place.dataset('fox');
    await place.storage.put('datasets/fox/dataset.json', '{"id": "fox"');
    expect(await failed(await place.train({ dataset }))).toMatchObject({
      code: 'corrupt_artifact',
      message: 'The artifact "datasets/fox/dataset.json" is damaged: it is not JSON. Store fox anew.',
    });
  });
});

describe('a job whose engine dies of it each time fails with its last attempt, and', () => {
  /** Kills each engine that trains this job, as often as there is one. */
  function poison(worker: WorkerProcess, job: Job, signal: NodeJS.Signals): NodeJS.Timeout {
    return setInterval(() => {
      for (const line of worker.log) {
        const engine = Number(line['engine']);
        if (line.msg === 'training' && line['job'] === job.id && isRunning(engine)) process.kill(engine, signal);
      }
    }, 20);
  }

  test.each(['SIGKILL', 'SIGABRT'] as const)(
    'a job whose engine dies of it each time fails with its last attempt, and by %s, a job beside it and one after it succeed',
    async (signal) => {
      const model = await trainedModel(place);
      const worker = await place.worker();
      const dataset = await place.dataset('fox');
      const poisoned = await place.train({ dataset, training: ENDLESS, maxAttempts: 2 });
      const killing = poison(worker, poisoned, signal);
      const beside = await place.generate({
        model,
        prompts: Array.from({ length: 2000 }, () => 'The '),
        maxNewTokens: 500,
      });
      const after = await place.train({ dataset });
      expect(await place.ended(poisoned)).toMatchObject({
        state: 'failed',
        attempts: 2,
        error: { code: 'engine_died', message: expect.stringContaining(signal) },
      });
      clearInterval(killing);
      expect(await place.ended(beside)).toMatchObject({ state: 'succeeded', attempts: 0 });
      expect(await place.ended(after)).toMatchObject({ state: 'succeeded', attempts: 0 });
      expect(isRunning(worker.pid)).toBe(true);
      await vi.waitUntil(async () => (await place.registry.list())[0]?.state === 'idle', 120_000);
    },
  );
});
