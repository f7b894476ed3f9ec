import { RandomStream } from '@glyphmill/data';
import {
  gatherRows,
  loadTensorFlow,
  sparseSoftmaxCrossEntropy,
  type TensorFlow,
  type Tensor,
  type Tensor2D,
} from '@glyphmill/tensorflow';
import { beforeAll, expect, test } from 'vitest';
import { completeTrainingConfig } from '../../config/index.js';
import { startPlanned } from '../../layers/planned-weights.js';
import { Learner } from '../../learner/learner.js';
import { LanguageModelSession } from '../../onnx/language-model-session.js';
import { weightNamed, type Weights } from '../../weights/weights.js';
import { bigramOnnx, bigramPlan, TABLE } from './bigram.js';
import { bigramTrainable } from './bigram-trainable.js';
import { pairFrequencies } from './pair-frequencies.js';
import { pairLoss } from './pair-loss.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

function learnerOf(weights: Weights, training: Parameters<typeof completeTrainingConfig>[1] = {}): Learner {
  const trainable = bigramTrainable({ kind: 'bigram', blockSize: 8 }, weightNamed(weights, TABLE).shape[0]!);
  return new Learner(tensorflow, trainable, weights, completeTrainingConfig('bigram', training));
}

const initialWeights = (vocabularySize: number, random: RandomStream): Weights =>
  startPlanned(bigramPlan(vocabularySize), random);

const randomTokens = (count: number, vocabularySize: number, random: RandomStream) =>
  Int32Array.from({ length: count }, () => random.nextInt(vocabularySize));

test('pairs are counted as shares of all', () => {
  const batch = { inputs: Int32Array.of(0, 2, 2, 2, 2), targets: Int32Array.of(1, 0, 0, 0, 1) };
  const { firsts, seconds } = pairFrequencies(batch, 3);
  expect([...firsts]).toEqual([expect.closeTo(0.2, 6), 0, expect.closeTo(0.8, 6)]);
  expect([...seconds]).toEqual([0, 1, 0, 0, 0, 0, 0.75, 0.25, 0]);
});

test('the loss of a table of zeros is ln V', () => {
  const zeros = new Map([[TABLE, { shape: [4, 4], values: new Float32Array(16) }]]);
  const learner = learnerOf(zeros);
  expect(learner.loss({ inputs: Int32Array.of(0, 3), targets: Int32Array.of(2, 2) })).toBeCloseTo(Math.log(4), 6);
  learner.dispose();
});

test('the loss of a normal table is near ln V + ½ where all pairs are equally likely', () => {
  const vocabularySize = 64;
  const learner = learnerOf(initialWeights(vocabularySize, new RandomStream(1)));
  const ids = Array.from({ length: vocabularySize }, (_, id) => id);
  const batch = {
    inputs: Int32Array.from(ids.flatMap((first) => ids.map(() => first))),
    targets: Int32Array.from(ids.flatMap(() => ids)),
  };
  expect(Math.abs(learner.loss(batch) - (Math.log(vocabularySize) + 0.5))).toBeLessThan(0.05);
  learner.dispose();
});

test('the loss and its gradient by pair counts are those by tokens', () => {
  const { tf } = tensorflow;
  const vocabularySize = 7;
  const random = new RandomStream(5);
  const [inputs, targets] = [randomTokens(40, vocabularySize, random), randomTokens(40, vocabularySize, random)];
  const table = tf.tensor2d(weightNamed(initialWeights(vocabularySize, random), TABLE).values, [7, 7]);
  const frequencies = pairFrequencies({ inputs, targets }, vocabularySize);
  const counted = { firsts: tf.tensor1d(frequencies.firsts), seconds: tf.tensor2d(frequencies.seconds, [7, 7]) };

  const lossByTokens = (input: Tensor) => {
    const logits = gatherRows(tensorflow, input as Tensor2D, tf.tensor1d(inputs, 'int32')) as Tensor2D;
    return sparseSoftmaxCrossEntropy(tensorflow, logits, tf.tensor1d(targets, 'int32')).mean();
  };
  expect(pairLoss(tensorflow, table, counted).dataSync()[0]).toBeCloseTo(lossByTokens(table).dataSync()[0]!, 5);
  const lossByPairs = (input: Tensor) => pairLoss(tensorflow, input as Tensor2D, counted);
  const difference = tf.grad(lossByPairs)(table).sub(tf.grad(lossByTokens)(table)).abs().max();
  expect(difference.dataSync()[0]).toBeLessThan(1e-7);
});

test('a step yields the loss before it, and lowers the loss of its batch', () => {
  const random = new RandomStream(5);
  const batch = { inputs: randomTokens(40, 7, random), targets: randomTokens(40, 7, random) };
  const learner = learnerOf(initialWeights(7, random));
  const before = learner.loss(batch);
  expect(learner.step([batch], { step: 1, learningRate: 0.1 }).loss).toBe(before);
  expect(learner.loss(batch)).toBeLessThan(before);
  learner.dispose();
});

test('clipping scales the gradient before the optimizer sees it', () => {
  const weights = new Map([[TABLE, { shape: [2, 2], values: Float32Array.of(0, 5, 0, 0) }]]);
  const batch = { inputs: Int32Array.of(0, 1), targets: Int32Array.of(0, 1) };
  const moved = [0, 1e-12].map((gradientClip) => {
    const learner = learnerOf(weights, { gradientClip, weightDecay: 0 });
    learner.step([batch], { step: 1, learningRate: 1 });
    const { values } = weightNamed(learner.weights(), TABLE);
    learner.dispose();
    return Math.abs(values[0]!);
  });
  // AdamW's first step is 1 whatever the gradient's size, unless that is far below its ε.
  expect(moved[0]).toBeCloseTo(1, 4);
  expect(moved[1]).toBeLessThan(0.01);
});

test('a learner copies the weights that it starts from', () => {
  const weights = initialWeights(3, new RandomStream(1));
  const before = [...weightNamed(weights, TABLE).values];
  const learner = learnerOf(weights);
  learner.step([{ inputs: Int32Array.of(0), targets: Int32Array.of(1) }], { step: 1, learningRate: 1 });
  expect([...weightNamed(weights, TABLE).values]).toEqual(before);
  expect([...weightNamed(learner.weights(), TABLE).values]).not.toEqual(before);
  learner.dispose();
});

test('the logits of ONNX Runtime and TensorFlow are the same, at batch 1 and 3', async () => {
  const vocabularySize = 11;
  const random = new RandomStream(9);
  const weights = initialWeights(vocabularySize, random);
  const learner = learnerOf(weights);
  const session = await LanguageModelSession.open(bigramOnnx(weights), { device: 'cpu', threads: 1 });
  for (const rows of [1, 3]) {
    const ids = randomTokens(rows * 5, vocabularySize, random);
    expect(await session.logits(ids, rows, 5)).toEqual(learner.logits(ids, rows, 5));
  }
  await session.close();
  learner.dispose();
});
