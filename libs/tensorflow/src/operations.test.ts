import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from './load-tensorflow.js';
import { gatherRows, softmaxCrossEntropy, sparseSoftmaxCrossEntropy, sumRowsById } from './operations.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

test('gathering takes a row for each id and adds an axis', () => {
  const { tf } = tensorflow;
  const table = tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const ids = tf.tensor2d(
    [
      [2, 0],
      [2, 1],
    ],
    [2, 2],
    'int32',
  );
  expect(gatherRows(tensorflow, table, ids).arraySync()).toEqual([
    [
      [5, 6],
      [1, 2],
    ],
    [
      [5, 6],
      [3, 4],
    ],
  ]);
});

test('the gradient of a gathered row is the sum of what flows to each place it was taken to', () => {
  const { tf } = tensorflow;
  const table = tf.zeros<Rank.R2>([3, 2]);
  const ids = tf.tensor1d([2, 0, 2], 'int32');
  const weights = tf.tensor2d([
    [1, 10],
    [2, 20],
    [4, 40],
  ]);
  const gradient = tf.grad((input) =>
    gatherRows(tensorflow, input as typeof table, ids)
      .mul(weights)
      .sum(),
  )(table);
  expect(gradient.arraySync()).toEqual([
    [2, 20],
    [0, 0],
    [5, 50],
  ]);
});

test('rows are summed by id, and an id that is not there has a row of zeros', () => {
  const { tf } = tensorflow;
  const values = tf.tensor2d([[1], [2], [4]]);
  expect(sumRowsById(tensorflow, values, tf.tensor1d([1, 1, 3], 'int32'), 4).arraySync()).toEqual([[0], [3], [0], [4]]);
});

test('the cross entropy of equal logits is ln of the classes, and of sure ones 0', () => {
  const { tf } = tensorflow;
  const logits = tf.tensor2d([
    [0, 0, 0, 0],
    [0, 100, 0, 0],
  ]);
  const loss = sparseSoftmaxCrossEntropy(tensorflow, logits, tf.tensor1d([3, 1], 'int32')).arraySync();
  expect(loss[0]).toBeCloseTo(Math.log(4), 6);
  expect(loss[1]).toBeCloseTo(0, 6);
});

test('the gradient of the cross entropy is softmax minus one-hot, times what flows back', () => {
  const { tf } = tensorflow;
  const logits = tf.tensor2d([[0, 0, 0, 0]]);
  const gradient = tf.grad((input) =>
    sparseSoftmaxCrossEntropy(tensorflow, input as typeof logits, tf.tensor1d([3], 'int32'))
      .mul(8)
      .sum(),
  )(logits);
  expect(gradient.arraySync()).toEqual([[2, 2, 2, -6]]);
});

test('operations and their gradients leave no tensor behind but their result', () => {
  const { tf } = tensorflow;
  const table = tf.ones<Rank.R2>([5, 4]);
  const ids = tf.tensor1d([0, 4, 4], 'int32');
  const labels = tf.tensor1d([3, 2, 1], 'int32');
  const loss = (input: Tensor) =>
    sparseSoftmaxCrossEntropy(tensorflow, gatherRows(tensorflow, input as Tensor2D, ids) as Tensor2D, labels).mean();
  const run = () => {
    tf.grad(loss)(table).dispose();
    tf.tidy(() => sumRowsById(tensorflow, gatherRows(tensorflow, table, ids) as Tensor2D, ids, 5)).dispose();
    return [tf.memory().numTensors, tensorflow.backend.getNumOfTFTensors()];
  };
  expect([run(), run()]).toEqual([run(), run()]);
});

test('the cross entropy with a distribution is that of its labels, weighted, with its gradient', () => {
  const { tf } = tensorflow;
  const logits = tf.tensor2d([[1, 2, 3]]);
  const shares = tf.tensor2d([[0.25, 0, 0.75]]);
  const byLabels = (input: Tensor) => {
    const of = (label: number) =>
      sparseSoftmaxCrossEntropy(tensorflow, input as Tensor2D, tf.tensor1d([label], 'int32'));
    return of(0).mul(0.25).add(of(2).mul(0.75)).sum();
  };
  const byShares = (input: Tensor) => softmaxCrossEntropy(tensorflow, input as Tensor2D, shares).sum();
  expect(byShares(logits).dataSync()[0]).toBeCloseTo(byLabels(logits).dataSync()[0]!, 6);
  const difference = tf.grad(byShares)(logits).sub(tf.grad(byLabels)(logits)).abs().max();
  expect(difference.dataSync()[0]).toBeLessThan(1e-6);
});
