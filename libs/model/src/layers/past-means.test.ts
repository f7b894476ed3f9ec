import { loadTensorFlow, type TensorFlow, type Rank, type Tensor2D } from '@glyphmill/tensorflow';
import { beforeAll, expect, test } from 'vitest';
import { causalAverage } from './causal-average.js';
import { ForwardPass } from './forward-pass.js';
import { pastMeansByLoop, pastMeansBySoftmax, pastMeansByTriangle } from './past-means.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

const layer = (library: TensorFlow, x: Tensor2D) =>
  causalAverage(new ForwardPass(library, { weights: {}, batchSize: 1, length: x.shape[0] }), x);

const ways = { pastMeansByLoop, pastMeansByTriangle, pastMeansBySoftmax, 'the layer': layer };

test.each(Object.entries(ways))('%s gives each token the mean of those up to itself', (_, means) => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const x = tf.tensor2d([2, 10, 4, 30, 6, 80], [3, 2]);
    const expected = [2, 10, 3, 20, 4, 40];
    for (const [at, value] of means(tensorflow, x).dataSync().entries()) expect(value).toBeCloseTo(expected[at]!, 5);
  });
});

test('the four ways are equal on random numbers', () => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const x = tf.randomNormal<Rank.R2>([17, 5], 0, 1, 'float32', 1);
    const [first, ...others] = Object.values(ways).map((means) => means(tensorflow, x));
    for (const other of others) expect(other.sub(first!).abs().max().dataSync()[0]).toBeLessThan(1e-6);
  });
});
