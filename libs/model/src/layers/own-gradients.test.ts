import { loadTensorFlow, type TensorFlow, type Tensor, type Tensor2D, type Tensor3D } from '@glyphmill/tensorflow';
import { beforeAll, expect, test } from 'vitest';
import { causalSoftmax } from './causal-softmax.js';
import { ForwardPass } from './forward-pass.js';
import { gelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

const normal = (shape: number[], seed: number): Tensor => tensorflow.tf.randomNormal(shape, 0, 1, 'float32', seed);

/** The largest difference of a layer and its gradients from the same formula as tfjs derives it. */
function largestDifference(
  own: (...x: Tensor[]) => Tensor,
  derived: (...x: Tensor[]) => Tensor,
  inputs: Tensor[],
): number {
  const { tf } = tensorflow;
  const weights = normal(own(...inputs).shape, 99);
  const valueAndGradients = (layer: typeof own) => {
    const weighted = (...x: Tensor[]) => layer(...x).mul(weights);
    const { value, grads } = tf.valueAndGrads((...x) => weighted(...x).mean())(inputs);
    return [value, ...grads];
  };
  const known = valueAndGradients(derived);
  const differences = valueAndGradients(own).map((x, index) => x.sub(known[index]!).abs().max().dataSync()[0]!);
  return Math.max(...differences);
}

test('layer norm is its formula, with the gradients of x, gain and bias', () => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const own = (x: Tensor, gain: Tensor, bias: Tensor) => {
      const weights = { 'norm.weight': gain, 'norm.bias': bias };
      return layerNorm(new ForwardPass(tensorflow, { weights, batchSize: 1, length: 7 }), 'norm', x as Tensor2D);
    };
    const derived = (x: Tensor, gain: Tensor, bias: Tensor) => {
      const centred = x.sub(x.mean(1, true));
      return centred.div(centred.square().mean(1, true).add(1e-5).sqrt()).mul(gain).add(bias);
    };
    expect(largestDifference(own, derived, [normal([7, 5], 1), normal([5], 2), normal([5], 3)])).toBeLessThan(1e-6);
  });
});

test('GELU is x times the normal distribution function, with its gradient', () => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const derived = (x: Tensor) => x.mul(x.div(Math.SQRT2).erf().add(1)).div(2);
    expect(largestDifference((x) => gelu(tensorflow, x as Tensor2D), derived, [normal([6, 5], 1)])).toBeLessThan(1e-6);
    expect(gelu(tensorflow, tf.tensor2d([[1, -3]])).dataSync()[0]).toBeCloseTo(0.8413447, 5);
  });
});

test('the causal softmax is the softmax of the past alone, with its gradient', () => {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const pass = new ForwardPass(tensorflow, { weights: {}, batchSize: 3, length: 5 });
    const past = tf.linalg.bandPart(tf.ones([5, 5]), -1, 0);
    const derived = (x: Tensor) => {
      const powers = x.exp().mul(past);
      return powers.div(powers.sum(-1, true));
    };
    const own = (x: Tensor) => causalSoftmax(pass, x as Tensor3D);
    expect(largestDifference(own, derived, [normal([3, 5, 5], 1)])).toBeLessThan(1e-6);
  });
});
