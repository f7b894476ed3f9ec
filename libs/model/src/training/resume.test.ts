import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoints/checkpoint.js';
import { completeTrainingConfig, modelConfig, type PartialTrainingConfig } from '../config/index.js';
import { train, type TrainingTask } from './train.js';
import { TrainingControl } from './training-control.js';
import type { BestMeasurement, TrainingResumption } from './training-reports.js';

const text = 'the cat sat on the mat and the rat ate the hat. '.repeat(20);
const model = modelConfig.parse({ kind: 'multi-head', nHead: 2, nEmbd: 8, blockSize: 8, dropout: 0.2 });

function trainBriefly(training: PartialTrainingConfig, rest: Partial<TrainingTask> = {}) {
  const brief = { maxSteps: 12, batchSize: 4, evalBatches: 1, evalInterval: 3, learningRate: 0.01, warmupSteps: 0 };
  return train({ text, model, training: completeTrainingConfig('multi-head', { ...brief, ...training }), ...rest });
}

/** Trains, and takes a checkpoint after a step. */
async function checkpointAfter(at: number, training: PartialTrainingConfig, rest: Partial<TrainingTask> = {}) {
  const control = new TrainingControl();
  let checkpoint: Promise<Checkpoint> | undefined;
  const trained = await trainBriefly(training, {
    control,
    onStep: ({ step }) => {
      if (step === at) checkpoint = control.checkpoint();
    },
    ...rest,
  });
  return { trained, checkpoint: (await checkpoint)! };
}

/** Trains to the end, and takes the checkpoint of it, after its last evaluation. */
async function checkpointOfEnd(training: PartialTrainingConfig, rest: Partial<TrainingTask> = {}): Promise<Checkpoint> {
  const control = new TrainingControl();
  let checkpoint: Promise<Checkpoint> | undefined;
  const onStepsTaken = () => void (checkpoint = control.checkpoint());
  await trainBriefly(training, { control, onStepsTaken, ...rest });
  return (await checkpoint)!;
}

test('a resumed training run is the one that never stopped: weights, losses, curve and samples', async () => {
  const { trained, checkpoint } = await checkpointAfter(7, { sampleInterval: 5 });
  expect(checkpoint.step).toBe(7);
  const resumed = await trainBriefly({ sampleInterval: 5 }, { resumeFrom: checkpoint });
  expect(resumed.weights).toEqual(trained.weights);
  const timeless = ({ metrics }: typeof trained) => metrics.map((metric) => ({ ...metric, tokensPerSecond: 0 }));
  expect(timeless(resumed)).toEqual(timeless(trained));
  expect(resumed.samples).toEqual(trained.samples);
  expect(resumed.published).toEqual(trained.published);
});

test('a checkpoint may be taken while it is evaluated: what was done is not done again', async () => {
  const control = new TrainingControl();
  let checkpoint: Promise<Checkpoint> | undefined;
  const trained = await trainBriefly(
    { sampleInterval: 6 },
    {
      control,
      onSample: ({ step }) => {
        if (step === 6) checkpoint = control.checkpoint();
      },
    },
  );
  const taken = (await checkpoint)!;
  expect(taken).toMatchObject({ step: 6, evaluatedAt: 6, sampledAt: 6 });
  const resumed = await trainBriefly({ sampleInterval: 6 }, { resumeFrom: taken });
  expect(resumed.metrics.map(({ step }) => step)).toEqual(trained.metrics.map(({ step }) => step));
  expect(resumed.weights).toEqual(trained.weights);
});

test('gradients that accumulate are resumed too', async () => {
  const accumulating = { gradientAccumulationSteps: 3 };
  const { trained, checkpoint } = await checkpointAfter(5, accumulating);
  expect(checkpoint.tokensSeen).toBe(5 * 3 * 4 * 8);
  expect((await trainBriefly(accumulating, { resumeFrom: checkpoint })).weights).toEqual(trained.weights);
});

test('a checkpoint of the end continues past maxSteps, as if there had been more from the start', async () => {
  const constant = { schedule: 'constant', export: 'last' } as const;
  const { checkpoint } = await checkpointAfter(12, constant);
  const longer = await trainBriefly({ ...constant, maxSteps: 20 }, { resumeFrom: checkpoint });
  expect(longer.weights).toEqual((await trainBriefly({ ...constant, maxSteps: 20 })).weights);
});

/** Long enough that a loss over one batch and one over many differ much, and memorised, so that the best is early. */
const overfitting = { maxSteps: 200, evalInterval: 10, evalBatches: 1, learningRate: 0.03, sampleInterval: 0 } as const;

test('the best of before is measured anew when evaluations take other batches, and compared with that', async () => {
  const { trained, checkpoint } = await checkpointAfter(60, { ...overfitting, maxSteps: 60 });
  const lucky: Checkpoint = { ...checkpoint, best: { step: checkpoint.best!.step, validationLoss: 0.001 } };
  const measured: BestMeasurement[] = [];
  const onBestMeasured = (best: BestMeasurement) => measured.push(best);
  const more = { ...overfitting, evalBatches: 40 };
  const resumed = await trainBriefly(more, { resumeFrom: lucky, onBestMeasured });
  expect(measured).toMatchObject([{ evalBatches: 40 }]);
  expect(measured[0]!.validationLoss).toBeGreaterThan(0.001);
  // What is published is the lowest of the curve that was measured in this way, or the best of before.
  const curve = resumed.metrics.filter(({ step, whole }) => !whole && step > 60);
  const lowest = curve.reduce((one, other) => (other.validationLoss < one.validationLoss ? other : one));
  expect(resumed.published.step).toBe(
    lowest.validationLoss < measured[0]!.validationLoss ? lowest.step : measured[0]!.step,
  );
  expect(resumed.published.step).not.toBe(trained.published.step);
});

test('with the same evaluations the best of before stands, and nothing is measured anew', async () => {
  const { checkpoint } = await checkpointAfter(60, { ...overfitting, maxSteps: 60 });
  const lucky: Checkpoint = { ...checkpoint, best: { step: checkpoint.best!.step, validationLoss: 0.001 } };
  const onBestMeasured = () => expect.unreachable();
  const resumed = await trainBriefly(overfitting, { resumeFrom: lucky, onBestMeasured });
  expect(resumed.published).toEqual({ which: 'best', step: lucky.best!.step });
});

test('measuring the best anew changes no weight, and a checkpoint that is taken meanwhile is that of before', async () => {
  const { checkpoint } = await checkpointAfter(7, {});
  const plain = await trainBriefly({ export: 'last' }, { resumeFrom: checkpoint });
  const control = new TrainingControl();
  const asked = control.checkpoint(); // answered when it first yields, which is in the measurement
  const other = { export: 'last', evalBatches: 9 } as const;
  const measuring = await trainBriefly(other, { resumeFrom: checkpoint, control });
  expect(measuring.weights).toEqual(plain.weights);
  const taken = await asked;
  expect(taken.learner).toEqual(checkpoint.learner);
  expect(taken.best).toEqual({ ...checkpoint.best, evalBatches: 1 });
  expect((await trainBriefly(other, { resumeFrom: taken })).weights).toEqual(plain.weights);
});

test('the weights that a training run resumes with take part when the best is measured anew', async () => {
  const checkpoint = await checkpointOfEnd({ maxSteps: 9 });
  expect(checkpoint).toMatchObject({ evaluatedAt: 9, step: 9 });
  // Weights that know nothing, with a loss that they never had.
  const untrained = (await checkpointAfter(1, { learningRate: 1e-9 })).checkpoint.learner.weights;
  const lucky = { ...checkpoint, best: { step: 3, validationLoss: 0.001 }, bestWeights: untrained };
  const measured: BestMeasurement[] = [];
  const onBestMeasured = (best: BestMeasurement) => measured.push(best);
  await trainBriefly({ evalBatches: 40 }, { resumeFrom: lucky, onBestMeasured });
  expect(measured).toMatchObject([{ step: 9 }]);
});

describe('patience', () => {
  /** So high a rate that the validation loss soon falls no more. */
  const rising = { ...overfitting, patience: 2, learningRate: 3, evalInterval: 5 };

  test('patience counts anew in a training run that continues one that it ended, and not again when that resumes', async () => {
    const checkpoint = await checkpointOfEnd(rising);
    expect(checkpoint.step).toBeLessThan(rising.maxSteps);
    expect(checkpoint.staleEvaluations).toBe(2);
    const next = await checkpointOfEnd(rising, { resumeFrom: checkpoint, continues: 'job_1' });
    expect(next.step).toBeGreaterThanOrEqual(checkpoint.step + 2 * rising.evalInterval);
    expect(next).toMatchObject({ continues: 'job_1', staleEvaluations: 2 });
    const steppedAgain: number[] = [];
    await trainBriefly(rising, {
      resumeFrom: next,
      continues: 'job_1',
      onStep: ({ step }) => void steppedAgain.push(step),
    });
    expect(steppedAgain).toEqual([]);
  });

  test('patience that is spent stays so when the same training resumes, as after a crash while it exports', async () => {
    const checkpoint = await checkpointOfEnd(rising);
    const onStep = () => expect.unreachable();
    await trainBriefly(rising, { resumeFrom: checkpoint, onStep });
  });
});

test('it is told where it continues, and what computes otherwise than before', async () => {
  const processSettings = { threads: '1' };
  const { checkpoint } = await checkpointAfter(7, {}, { processSettings });
  const told: TrainingResumption[] = [];
  const onResume = (resumption: TrainingResumption) => told.push(resumption);
  await trainBriefly({}, { resumeFrom: checkpoint, processSettings, onResume });
  await trainBriefly({}, { resumeFrom: checkpoint, processSettings: { threads: '2' }, onResume });
  expect(told).toEqual([
    { step: 7, differences: [] },
    { step: 7, differences: ['threads: 1 then, 2 now'] },
  ]);
});

test('a checkpoint of another text, model or batch is refused by name', async () => {
  const { checkpoint } = await checkpointAfter(2, { maxSteps: 2 });
  const resumed = (training: PartialTrainingConfig, rest: Partial<TrainingTask> = {}) =>
    trainBriefly(training, { resumeFrom: checkpoint, ...rest });
  await expect(resumed({ batchSize: 5 })).rejects.toMatchObject({
    code: 'resume_mismatch',
    message: expect.stringMatching(/training\.batchSize is 5, .* is 4/u),
  });
  await expect(resumed({ seed: 2 })).rejects.toThrow('training.seed is 2');
  await expect(resumed({}, { text: `${text}!` })).rejects.toThrow('the sha256 of the text');
  const moreHeads = modelConfig.parse({ ...model, nHead: 4 });
  await expect(resumed({}, { model: moreHeads })).rejects.toThrow('model.nHead is 4');
});

test('a training run that has ended, or failed, yields no checkpoint', async () => {
  const control = new TrainingControl();
  await trainBriefly({ maxSteps: 1 }, { control });
  await expect(control.checkpoint()).rejects.toMatchObject({ code: 'training_ended' });
  const failing = new TrainingControl();
  const asked = failing.checkpoint();
  await expect(trainBriefly({}, { control: failing, text: 'short' })).rejects.toMatchObject({ code: 'text_too_short' });
  await expect(asked).rejects.toMatchObject({ code: 'training_ended' });
});
