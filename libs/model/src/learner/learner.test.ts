import { RandomStream, type Batch } from '@glyphmill/data';
import { loadTensorFlow, type Tensor, type TensorFlow } from '@glyphmill/tensorflow';
import { beforeAll, expect, test } from 'vitest';
import { completeTrainingConfig, modelConfig, type TrainingConfig } from '../config/index.js';
import { definitionOf } from '../kinds/definition-of.js';
import { startPlanned } from '../layers/planned-weights.js';
import { adamWStepNumbers } from '../optimizer/adamw.js';
import type { Weights } from '../weights/weights.js';
import { Learner } from './learner.js';
import { variablesOf } from './learner-program.js';
import type { Trainable } from './trainable.js';
import { lossAndGradients, updateWeights } from './training-step.js';

const VOCABULARY = 11;
const BLOCK = 6;
const ROWS = 4;

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

/** Random tokens, and targets that do not follow from them: they must be learned by heart. */
function batchOf(seed: number): Batch {
  const random = new RandomStream(seed);
  const tokens = () => Int32Array.from({ length: ROWS * BLOCK }, () => random.nextInt(VOCABULARY));
  return { inputs: tokens(), targets: tokens() };
}

function started(given: object, settings: Partial<TrainingConfig> = {}) {
  const model = modelConfig.parse({ blockSize: BLOCK, ...given });
  const training = completeTrainingConfig(model.kind, { batchSize: ROWS, gradientClip: 0.3, ...settings });
  const definition = definitionOf(model);
  const weights = startPlanned(definition.plan(VOCABULARY), new RandomStream(1));
  return { training, trainable: definition.trainable(VOCABULARY), weights };
}

/** The same steps as a learner's, but operation by operation: a function that takes the next one and returns its loss. */
function eagerLearner(trainable: Trainable, weights: Weights, training: TrainingConfig) {
  const { tf } = tensorflow;
  const variables = variablesOf(tensorflow, weights);
  const form = trainable.batchForm(ROWS);
  const tensorsOf = (batch: Batch): Record<string, Tensor> => {
    const entries = Object.entries(form.valuesOf(batch)).map(([name, values]) => {
      const { shape, dtype } = form.inputs[name]!;
      return [name, tf.tensor(values, [...shape], dtype)] as const;
    });
    return Object.fromEntries(entries);
  };
  return (batch: Batch, step: number, learningRate: number): number =>
    tf.tidy(() => {
      const pass = { batchSize: ROWS, seed: tf.tensor1d([training.seed, step], 'int32') };
      const { loss, gradients } = lossAndGradients(tensorflow, trainable, variables, tensorsOf(batch), pass);
      const { rate, beta1Power, beta2Power } = adamWStepNumbers({ step, learningRate }, training);
      updateWeights(tensorflow, variables, gradients, training, {
        rate: tf.scalar(rate),
        beta1Power: tf.scalar(beta1Power),
        beta2Power: tf.scalar(beta2Power),
      });
      return loss.dataSync()[0]!;
    });
}

test.each([
  { kind: 'bigram' },
  { kind: 'averaging', nEmbd: 16, dropout: 0.2 },
  { kind: 'attention', nEmbd: 16, dropout: 0.2 },
  { kind: 'multi-head', nEmbd: 16, nHead: 4, dropout: 0.2 },
  { kind: 'gpt', nEmbd: 16, nHead: 4, nLayer: 2, dropout: 0.2 },
  { kind: 'gpt', nEmbd: 16, nHead: 2, nLayer: 2, dropout: 0.2, bias: true },
])('recorded and eager steps of %o agree, with clipping, decay and a changing rate', (given) => {
  const { training, trainable, weights } = started(given);
  const learner = new Learner(tensorflow, trainable, weights, training);
  const eagerStep = eagerLearner(trainable, weights, training);
  for (let step = 1; step <= 50; step += 1) {
    const batch = batchOf(step % 3);
    const learningRate = 0.01 / step;
    const { loss } = learner.step([batch], { step, learningRate });
    expect(Math.abs(loss - eagerStep(batch, step, learningRate))).toBeLessThan(1e-4);
  }
  learner.dispose();
});

test.each([1, 3])('a learner continues from a state, with %i batches per step, as the one that gave it', (count) => {
  const { training, trainable, weights } = started(
    { kind: 'gpt', nEmbd: 8, nHead: 2, nLayer: 1, dropout: 0.2 },
    { gradientAccumulationSteps: count },
  );
  const batches = Array.from({ length: count }, (_, index) => batchOf(index));
  const one = new Learner(tensorflow, trainable, weights, training);
  expect(one.batchesPerStep).toBe(count);
  for (let step = 1; step <= 3; step += 1) one.step(batches, { step, learningRate: 0.01 });
  const other = new Learner(tensorflow, trainable, weights, training);
  other.restore(one.state());
  const next = { step: 4, learningRate: 0.01 };
  expect(other.step(batches, next)).toEqual(one.step(batches, next));
  expect(other.state()).toEqual(one.state());
  expect(other.graphHash).toBe(one.graphHash);
  one.dispose();
  other.dispose();
});
