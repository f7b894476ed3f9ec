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

test('the same seed yields the same weights, another seed others', async () => {
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

test('after the last step progress says that whole splits are evaluated, and how long that still takes', async () => {
  const progress: TrainingProgress[] = [];
  await trainBriefly({}, { onProgress: (report) => progress.push(report) });
  const firstEvaluating = progress.findIndex(({ phase }) => phase === 'evaluating');
  expect(progress.slice(0, firstEvaluating).every(({ phase }) => phase === 'training')).toBe(true);
  const evaluating = progress.slice(firstEvaluating);
  expect(evaluating.every(({ phase, step }) => phase === 'evaluating' && step === 20)).toBe(true);
  expect(evaluating[0]!.etaSeconds).toBeGreaterThan(0);
  expect(evaluating.at(-1)!.etaSeconds).toBe(0);
});

test('a diverging training ends with the step and what to do', async () => {
  const training = { maxSteps: 1000, evalInterval: 30, learningRate: 10, weightDecay: 10 };
  const error: unknown = await trainBriefly(training).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LossNotFiniteError);
  expect(error).toMatchObject({ code: 'loss_not_finite', message: expect.stringMatching(/step \d+.*learningRate/u) });
  expect((error as LossNotFiniteError).step).toBeLessThanOrEqual(30);
});

test('the step at which the loss is lost is reported exactly', async () => {
  const steps: number[] = [];
  const diverging = trainBriefly(
    { maxSteps: 1000, evalInterval: 1000, learningRate: 10, weightDecay: 10 },
    { onStep: ({ step }) => steps.push(step) },
  );
  await expect(diverging).rejects.toMatchObject({ step: expect.any(Number) });
  const error: unknown = await diverging.catch((reason: unknown) => reason);
  expect((error as LossNotFiniteError).step).toBe(steps.at(-1)! + 1);
});

test('batches that accumulate are one larger batch', async () => {
  const steps: number[][] = [[], []];
  const run = (batchSize: number, gradientAccumulationSteps: number, losses: number[]) =>
    trainBriefly(
      { batchSize, gradientAccumulationSteps, gradientClip: 0.05, learningRate: 0.1 },
      {
        onStep: ({ loss, gradientNorm }) => losses.push(loss, gradientNorm),
      },
    );
  const [whole, accumulated] = [await run(32, 1, steps[0]!), await run(8, 4, steps[1]!)];
  for (const [at, number] of steps[0]!.entries()) expect(steps[1]![at]).toBeCloseTo(number, 5);
  const values = ({ weights }: typeof whole) => [...weights.values()].flatMap((array) => Array.from(array.values));
  for (const [at, value] of values(whole).entries()) expect(values(accumulated)[at]).toBeCloseTo(value, 4);
  expect(accumulated.metrics.at(-1)!.tokensSeen).toBe(whole.metrics.at(-1)!.tokensSeen);
});

/** Its end is unlike its start: the better a model knows the start, the worse it does at the end. */
const turning = 'ab'.repeat(900) + 'aabb'.repeat(50);
const overfit = { maxSteps: 60, evalInterval: 5, learningRate: 0.1, weightDecay: 0 };

test('the best weights are published, or the last, and which is reported', async () => {
  const best = await trainBriefly(overfit, { text: turning });
  const last = await trainBriefly({ ...overfit, export: 'last' }, { text: turning });
  expect(last.published).toEqual({ which: 'last', step: 60 });
  const onTheWay = best.metrics.filter(({ step, whole }) => step > 0 && !whole);
  const lowest = onTheWay.reduce((one, other) => (other.validationLoss < one.validationLoss ? other : one));
  expect(best.published).toEqual({ which: 'best', step: lowest.step });
  expect(best.published.step).toBeLessThan(60);
  expect(best.validationLoss).toBeLessThan(last.validationLoss);
});

test('a training run out of patience stops, and publishes its best', async () => {
  const { published, metrics } = await trainBriefly({ ...overfit, patience: 2 }, { text: turning });
  const steps = metrics.filter(({ step, whole }) => step > 0 && !whole).map(({ step }) => step);
  expect(steps.at(-1)).toBe(published.step + 2 * overfit.evalInterval);
  expect(steps.at(-1)).toBeLessThan(60);
});

test('metrics tell the gradient norm, the tokens seen, and bits per byte of the text', async () => {
  const { metrics, bitsPerByte, validationLoss } = await trainBriefly({}, { text: 'äöü…'.repeat(200) });
  expect(metrics[0]).toMatchObject({ gradientNorm: null, tokensSeen: 0 });
  expect(metrics.at(-1)).toMatchObject({ gradientNorm: expect.any(Number), tokensSeen: 20 * 32 * 8 });
  // Three of the four characters take 2 bytes and one takes 3.
  expect(bitsPerByte).toBeCloseTo(validationLoss / Math.LN2 / 2.25, 6);
});

test('what was prepared before the first step is reported once', async () => {
  const told: object[] = [];
  await trainBriefly({}, { onPrepared: (preparation) => told.push(preparation) });
  expect(told).toEqual([{ recordingMs: expect.any(Number), compilingMs: expect.any(Number) }]);
});

test('a timer can end a training run, for the event loop has its turns', async () => {
  const controller = new AbortController();
  const endless = trainBriefly({ maxSteps: 10_000_000 }, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 1);
  await expect(endless).rejects.toThrow('enough');
});

test('a training run leaves no tensors behind, finished or not', async () => {
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
