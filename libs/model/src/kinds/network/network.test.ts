import { RandomStream, type Batch } from '@glyphmill/data';
import { loadTensorFlow, type TensorFlow } from '@glyphmill/tensorflow';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  completeTrainingConfig,
  modelConfig,
  parameterCount,
  type ModelConfig,
  type PartialTrainingConfig,
} from '../../config/index.js';
import { startPlanned } from '../../layers/planned-weights.js';
import { Learner } from '../../learner/learner.js';
import { LanguageModelSession } from '../../onnx/language-model-session.js';
import type { Weights } from '../../weights/weights.js';
import { definitionOf, networkOf } from '../definition-of.js';
import { networkTrainable } from './network-trainable.js';

const VOCABULARY = 11;
const BLOCK = 6;
const ROWS = 4;

type NetworkConfig = Exclude<ModelConfig, { kind: 'bigram' }>;

const small = { nEmbd: 16, blockSize: BLOCK };
const models: Record<string, object> = {
  averaging: { kind: 'averaging', ...small },
  attention: { kind: 'attention', ...small },
  'multi-head': { kind: 'multi-head', ...small, nHead: 4 },
  gpt: { kind: 'gpt', ...small, nHead: 4, nLayer: 2 },
  'gpt with biases': { kind: 'gpt', ...small, nHead: 2, nLayer: 2, bias: true },
};

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

function configOf(given: object): NetworkConfig {
  const model = modelConfig.parse(given);
  if (model.kind === 'bigram') throw new TypeError('A bigram is no network.');
  return model;
}

const trainingOf = (model: ModelConfig, given: PartialTrainingConfig = {}) =>
  completeTrainingConfig(model.kind, { batchSize: ROWS, ...given });

const startWeights = (model: ModelConfig, vocabularySize: number): Weights =>
  startPlanned(definitionOf(model).plan(vocabularySize), new RandomStream(1));

/** Learned for a few steps, so that no weight is where it started. */
function learnedWeights(model: NetworkConfig): Weights {
  const learner = learnerOf(model, startWeights(model, VOCABULARY));
  for (let step = 1; step <= 20; step += 1) learner.step([batchOf(step)], { step, learningRate: 0.01 });
  const weights = learner.weights();
  learner.dispose();
  return weights;
}

function learnerOf(model: NetworkConfig, weights: Weights, training: PartialTrainingConfig = {}): Learner {
  return new Learner(tensorflow, networkTrainable(networkOf(model)), weights, trainingOf(model, training));
}

/** Random tokens, and targets that do not follow from them: they must be learned by heart. */
function batchOf(seed: number): Batch {
  const random = new RandomStream(seed);
  const tokens = () => Int32Array.from({ length: ROWS * BLOCK }, () => random.nextInt(VOCABULARY));
  return { inputs: tokens(), targets: tokens() };
}

const largestDifference = (one: Float32Array, other: Float32Array) =>
  one.reduce((largest, value, at) => Math.max(largest, Math.abs(value - other[at]!)), 0);

describe.each(Object.entries(models))('%s', (_, given) => {
  const model = configOf(given);

  test('it has as many weights as its configuration counts', () => {
    const weights = startWeights(model, VOCABULARY);
    const count = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
    expect(count).toBe(parameterCount(model, VOCABULARY));
  });

  test('its first loss is near ln V', () => {
    const learner = learnerOf(model, startWeights(model, VOCABULARY));
    expect(Math.abs(learner.loss(batchOf(1)) - Math.log(VOCABULARY))).toBeLessThan(0.05);
    learner.dispose();
  });

  test('a future token cannot change a past logit, and each present one changes its own', () => {
    const learner = learnerOf(model, learnedWeights(model));
    const ids = Int32Array.of(1, 2, 3, 4, 5, 6);
    const before = learner.logits(ids, 1, BLOCK);
    for (let at = 0; at < BLOCK; at += 1) {
      const changed = learner.logits(ids.with(at, 9), 1, BLOCK);
      expect(changed.subarray(0, at * VOCABULARY)).toEqual(before.subarray(0, at * VOCABULARY));
      const own = [at * VOCABULARY, (at + 1) * VOCABULARY] as const;
      expect(largestDifference(changed.subarray(...own), before.subarray(...own))).toBeGreaterThan(1e-3);
    }
    learner.dispose();
  });

  test('a shorter row has the logits of the start of a longer one', () => {
    const learner = learnerOf(model, learnedWeights(model));
    const ids = Int32Array.of(1, 2, 3, 4, 5, 6);
    const short = learner.logits(ids.subarray(0, 2), 1, 2);
    expect(short).toEqual(learner.logits(ids, 1, BLOCK).subarray(0, 2 * VOCABULARY));
    expect(() => learner.logits(new Int32Array(BLOCK + 1), 1, BLOCK + 1)).toThrow(RangeError);
    learner.dispose();
  });

  test('the logits of ONNX Runtime and TensorFlow agree, at batch 1 and 3 and any length', async () => {
    const weights = learnedWeights(model);
    const learner = learnerOf(model, weights);
    const session = await LanguageModelSession.open(definitionOf(model).onnx(weights), { device: 'cpu', threads: 1 });
    for (const [rows, columns] of [
      [1, 1],
      [1, BLOCK],
      [3, 4],
    ] as const) {
      // prettier-ignore
      const ids = batchOf(7).inputs.subarray(0, rows * columns);
      const expected = learner.logits(ids, rows, columns);
      const actual = await session.logits(ids, rows, columns);
      expect(actual.length).toBe(expected.length);
      expect(largestDifference(actual, expected)).toBeLessThan(1e-5);
    }
    await session.close();
    learner.dispose();
  });
});

test.each(['attention', 'multi-head', 'gpt'])('%s learns one batch by heart', (kind) => {
  const model = configOf(models[kind]!);
  const training = { weightDecay: 0, gradientClip: 0 };
  const learner = learnerOf(model, startWeights(model, VOCABULARY), training);
  const batch = batchOf(1);
  for (let step = 1; step <= 400; step += 1) learner.step([batch], { step, learningRate: 0.01 });
  expect(learner.loss(batch)).toBeLessThan(0.1);
  learner.dispose();
});

test('dropout changes the loss of a step, alike for the same seed and step, and not the evaluation', () => {
  const model = configOf({ ...models['gpt'], dropout: 0.5 });
  const weights = learnedWeights(model);
  const losses = (seed: number, step: number) => {
    const learner = learnerOf(model, weights, { seed });
    const evaluated = learner.loss(batchOf(1));
    const { loss } = learner.step([batchOf(1)], { step, learningRate: 0 });
    learner.dispose();
    return { evaluated, loss };
  };
  const first = losses(1, 1);
  expect(losses(1, 1)).toEqual(first);
  for (const other of [losses(1, 2), losses(2, 1)]) {
    expect(other.evaluated).toBe(first.evaluated);
    expect(other.loss).not.toBe(first.loss);
  }
});

test('a shorter batch has the mean loss of its own tokens', () => {
  const model = configOf(models['gpt']!);
  const learner = learnerOf(model, learnedWeights(model));
  const { inputs, targets } = batchOf(1);
  const half = inputs.length / 2;
  const part = (start: number) =>
    learner.loss({ inputs: inputs.subarray(start, start + half), targets: targets.subarray(start, start + half) });
  expect((part(0) + part(half)) / 2).toBeCloseTo(learner.loss({ inputs, targets }), 5);
  learner.dispose();
});

test('a learner frees all its tensors, and copies the weights that it starts from', () => {
  const model = configOf(models['gpt']!);
  const weights = learnedWeights(model);
  const copies = [...weights.values()].map(({ values }) => Array.from(values));
  const { tf, backend } = tensorflow;
  const count = () => [tf.memory().numTensors, backend.getNumOfTFTensors()];
  const before = count();
  const learner = learnerOf(model, weights);
  learner.step([batchOf(1)], { step: 1, learningRate: 1 });
  learner.logits(Int32Array.of(1), 1, 1);
  learner.dispose();
  expect(count()).toEqual(before);
  expect([...weights.values()].map(({ values }) => Array.from(values))).toEqual(copies);
});

test("a gpt's residual projections start smaller by √(2·nLayer), as in nanoGPT", () => {
  const model = configOf({ kind: 'gpt', nLayer: 8, nHead: 4, nEmbd: 64 });
  const weights = startWeights(model, 65);
  const deviation = (name: string) => {
    const { values } = weights.get(name)!;
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  expect(deviation('transformer.h.0.mlp.c_fc.weight')).toBeCloseTo(0.02, 3);
  expect(deviation('transformer.h.0.mlp.c_proj.weight')).toBeCloseTo(0.005, 3);
  expect(deviation('transformer.h.7.attn.c_proj.weight')).toBeCloseTo(0.005, 3);
});
