import { loadTensorFlow } from '@glyphmill/tensorflow';
import { expect, test } from 'vitest';
import { AdamW } from './adamw.js';

/**
 * Computed by PyTorch 2.15:
 *
 *     p = torch.tensor([[1., -2.], [.5, 3.]], requires_grad=True)
 *     o = torch.optim.AdamW([p], lr=.1, betas=(.9, .99), eps=1e-8, weight_decay=.1)
 *     for g in gradients: p.grad = torch.tensor(g); o.step(); print(p)
 */
const gradients = [
  [1, 2, -3, 0],
  [0.5, -1, 2, 1e-4],
  [0, 4, 1, -2],
];
const byPyTorch = [
  [0.88999999, -2.07999992, 0.59500003, 2.97000003],
  [0.78775519, -2.08587003, 0.60351473, 2.86606455],
  [0.70755768, -2.13065243, 0.59114116, 2.90099525],
];

test("steps are those of PyTorch's AdamW", async () => {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  const parameter = tf.variable(tf.tensor2d([1, -2, 0.5, 3], [2, 2]));
  const optimizer = new AdamW(tensorflow, [parameter], { beta1: 0.9, beta2: 0.99, weightDecay: 0.1 });
  for (const [index, gradient] of gradients.entries()) {
    optimizer.apply([tf.tensor2d(gradient, [2, 2])], { step: index + 1, learningRate: 0.1 });
    const values = parameter.dataSync();
    for (const [at, expected] of byPyTorch[index]!.entries()) expect(values[at]).toBeCloseTo(expected, 6);
  }
});

test('each parameter has moments of its own, and all are freed', async () => {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  const [one, other] = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([3]))];
  const before = tf.memory().numTensors;
  const optimizer = new AdamW(tensorflow, [one, other], { beta1: 0.9, beta2: 0.999, weightDecay: 0 });
  tf.tidy(() => optimizer.apply([tf.tensor1d([1, 0]), tf.tensor1d([0, -1, 0])], { step: 1, learningRate: 0.5 }));
  // The first step is the rate's size wherever there is a gradient, whatever its size.
  expect([...one.dataSync()]).toEqual([expect.closeTo(-0.5, 6), 0]);
  expect([...other.dataSync()]).toEqual([0, expect.closeTo(0.5, 6), 0]);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
