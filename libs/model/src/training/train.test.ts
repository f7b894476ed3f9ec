import { loadTensorFlow } from '@glyphmill/tensorflow';
import { expect, test } from 'vitest';
import { completeTrainingConfig, type PartialTrainingConfig } from '../config/index.js';
import { LossNotFiniteError } from './loss-not-finite-error.js';
import { train, type TrainingTask } from './train.js';
import type { TrainingMetric, TrainingProgress, TrainingSample } from './training-reports.js';

const text = 'the cat sat on the mat and the rat ate the hat. '.repeat(40);
const model = { kind: 'bigram', blockSize: 8 } as const;

function trainBriefly(training: PartialTrainingConfig, rest: Partial<TrainingTask> = {}) {
  const brief = { maxSteps: 20, batchSize: 32, evalBatches: 2, ...training };
  return train({ text, model, training: completeTrainingConfig('bigram', brief), ...rest });
}

/** The least mean loss that any bigram model can have on a text: the entropy of a character given the one before. */
function conditionalEntropy(characters: string): number {
  const pairs = new Map<string, number>();
  const firsts = new Map<string, number>();
  for (let at = 0; at + 1 < characters.length; at += 1) {
    const pair = characters.slice(at, at + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    firsts.set(pair[0]!, (firsts.get(pair[0]!) ?? 0) + 1);
  }
  let sum = 0;
  for (const [pair, count] of pairs) sum -= count * Math.log(count / firsts.get(pair[0]!)!);
  return sum / (characters.length - 1);
}

test('a bigram model learns a text as well as any bigram model can', async () => {
  const { trainLoss } = await trainBriefly({ maxSteps: 600, batchSize: 256, learningRate: 0.1, weightDecay: 0 });
  const least = conditionalEntropy(text.slice(0, text.length * 0.9));
  expect(trainLoss).toBeGreaterThan(least - 1e-5);
  expect(trainLoss).toBeLessThan(least + 0.01);
});

test('the same seed gives the same weights, another seed others', async () => {
  const [one, same, other] = [
    await trainBriefly({ seed: 3 }),
    await trainBriefly({ seed: 3 }),
    await trainBriefly({ seed: 4 }),
  ];
  expect(same.weights).toEqual(one.weights);
  expect(same.samples).toEqual(one.samples);
  expect(other.weights).not.toEqual(one.weights);
});

test('how often it is evaluated and sampled does not change what is learned', async () => {
  const seldom = await trainBriefly({ evalInterval: 100, sampleInterval: 0 });
  const often = await trainBriefly({ evalInterval: 1, sampleInterval: 3 });
  expect(often.weights).toEqual(seldom.weights);
});

test('it is evaluated before the first step, on the way, and on whole splits at the end', async () => {
  const metrics: TrainingMetric[] = [];
  const trained = await trainBriefly(
    { evalInterval: 8, learningRate: 0.1 },
    { onMetric: (metric) => metrics.push(metric) },
  );
  expect(metrics.map(({ step, whole }) => [step, whole])).toEqual([
    [0, false],
    [8, false],
    [16, false],
    [20, false],
    [20, true],
  ]);
  expect(trained.metrics).toEqual(metrics);
  expect(metrics.at(-1)).toMatchObject({ trainLoss: trained.trainLoss, validationLoss: trained.validationLoss });
  expect(metrics[0]!.trainLoss).toBeGreaterThan(trained.trainLoss);
});

test('it writes a sample before the first step, on the way, and after the last', async () => {
  const steps = async (sampleInterval: number) => {
    const samples: TrainingSample[] = [];
    await trainBriefly({ sampleInterval }, { onSample: (sample) => samples.push(sample) });
    for (const sample of samples) expect(sample.text).toMatch(/^[a-z. ]{200}$/u);
    return samples.map(({ step }) => step);
  };
  expect(await steps(10)).toEqual([0, 10, 20]);
  expect(await steps(0)).toEqual([0, 20]);
});

test('progress starts at step 0 without a time left and ends at the last step with none left', async () => {
  const progress: TrainingProgress[] = [];
  await trainBriefly({}, { onProgress: (report) => progress.push(report) });
  expect(progress[0]).toMatchObject({ step: 0, maxSteps: 20, tokensPerSecond: 0, etaSeconds: null });
  expect(progress.at(-1)).toMatchObject({ step: 20, etaSeconds: 0 });
  expect(progress.at(-1)!.tokensPerSecond).toBeGreaterThan(0);
});

test('a diverging training ends with the step and what to do', async () => {
  const training = { maxSteps: 1000, evalInterval: 30, learningRate: 10, weightDecay: 10 };
  const error: unknown = await trainBriefly(training).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LossNotFiniteError);
  expect(error).toMatchObject({ code: 'loss_not_finite', message: expect.stringMatching(/step \d+.*learningRate/u) });
  expect((error as LossNotFiniteError).step).toBeLessThanOrEqual(30);
});

test('a timer can end a training, for the event loop has its turns', async () => {
  const controller = new AbortController();
  const endless = trainBriefly({ maxSteps: 10_000_000 }, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 1);
  await expect(endless).rejects.toThrow('enough');
});

test('a training leaves no tensors behind, finished or not', async () => {
  const { tf, backend } = await loadTensorFlow();
  const count = () => [tf.memory().numTensors, backend.getNumOfTFTensors()];
  await trainBriefly({ gradientClip: 1 });
  const before = count();
  await trainBriefly({ gradientClip: 1 });
  expect(count()).toEqual(before);
  await trainBriefly({ learningRate: 10, weightDecay: 10, maxSteps: 1000, evalInterval: 30 }).catch(() => undefined);
  expect(count()).toEqual(before);
});

test('a text that cannot train the model is an error before anything is trained', async () => {
  await expect(trainBriefly({}, { text: 'too short' })).rejects.toMatchObject({ code: 'text_too_short' });
  await expect(trainBriefly({}, { text: 'a'.repeat(1000) })).rejects.toMatchObject({ code: 'text_too_uniform' });
});
