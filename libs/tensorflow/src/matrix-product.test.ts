import { beforeAll, expect, test } from 'vitest';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import { loadTensorFlow, type TensorFlow } from './load-tensorflow.js';
import { matrixProduct } from './matrix-product.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

test.each([false, true])('the product and its gradients are those of tf.matMul, transposeB %s', (transposeB) => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const a = tf.randomNormal<Rank.R2>([3, 4], 0, 1, 'float32', 1);
    const b = tf.randomNormal<Rank.R2>(transposeB ? [5, 4] : [4, 5], 0, 1, 'float32', 2);
    const weights = tf.randomNormal([3, 5], 0, 1, 'float32', 3);
    const own = tf.valueAndGrads((x, y) =>
      matrixProduct(tensorflow, x as Tensor2D, y as Tensor2D, { transposeB })
        .mul(weights)
        .sum(),
    )([a, b]);
    const known = tf.valueAndGrads((x, y) => tf.matMul(x, y, false, transposeB).mul(weights).sum())([a, b]);
    expect(own.value.dataSync()[0]).toBeCloseTo(known.value.dataSync()[0]!, 5);
    for (const [index, gradient] of own.grads.entries()) {
      expect(gradient.shape).toEqual(known.grads[index]!.shape);
      expect(gradient.sub(known.grads[index]!).abs().max().dataSync()[0]).toBeLessThan(1e-5);
    }
  });
});
