import { loadTensorFlow, type Tensor, type TensorFlow } from '@glyphmill/tensorflow';
import { expect, test } from 'vitest';
import { clipByNorm, globalNorm } from './gradient-clipping.js';

const clip = (tensorflow: TensorFlow, gradients: Tensor[], maxNorm: number) =>
  clipByNorm(tensorflow, gradients, globalNorm(tensorflow, gradients), maxNorm);

test('the norm is that of all gradients as one vector', async () => {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  expect(globalNorm(tensorflow, [tf.tensor1d([3]), tf.tensor2d([[0, 4]])]).arraySync()).toBe(5);
});

test('gradients above the limit are scaled to it together, others are left', async () => {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  const gradients = [tf.tensor1d([3]), tf.tensor1d([4])];
  const clipped = clip(tensorflow, gradients, 1).map((gradient) => gradient.dataSync()[0]!);
  // PyTorch's clip_grad_norm_ yields 0.5999999 and 0.7999998, for it divides by the norm + 1e-6.
  expect(clipped[0]).toBeCloseTo(0.6, 5);
  expect(clipped[1]).toBeCloseTo(0.8, 5);
  expect(clip(tensorflow, gradients, 10).map((gradient) => gradient.dataSync()[0])).toEqual([3, 4]);
});

test('a limit of 0 is none, and gradients of zeros stay zeros', async () => {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  const gradients = [tf.tensor1d([300])];
  expect(clip(tensorflow, gradients, 0)).toBe(gradients);
  expect(clip(tensorflow, [tf.tensor1d([0])], 1)[0]!.dataSync()[0]).toBe(0);
});
