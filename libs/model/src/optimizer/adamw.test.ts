import { loadTensorFlow } from '@glyphmill/tensorflow';
import { expect, test } from 'vitest';
import { adamWStepNumbers, applyAdamW } from './adamw.js';

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

async function optimize(start: number[], shape: number[], steps: number[][], weightDecay: number) {
  const tensorflow = await loadTensorFlow();
  const { tf } = tensorflow;
  const settings = { beta1: 0.9, beta2: 0.99, weightDecay };
  return tf.tidy(() => {
    const weight = tf.variable(tf.tensor(start, shape));
    const moment = () => tf.variable(tf.zeros(shape), false);
    const optimized = { weight, firstMoment: moment(), secondMoment: moment() };
    return steps.map((gradient, index) => {
      const { rate, ...powers } = adamWStepNumbers({ step: index + 1, learningRate: 0.1 }, settings);
      applyAdamW(tensorflow, [optimized], [tf.tensor(gradient, shape)], settings, {
        rate: tf.scalar(rate),
        beta1Power: tf.scalar(powers.beta1Power),
        beta2Power: tf.scalar(powers.beta2Power),
      });
      return [...weight.dataSync()];
    });
  });
}

test("steps are those of PyTorch's AdamW", async () => {
  const steps = await optimize([1, -2, 0.5, 3], [2, 2], gradients, 0.1);
  for (const [index, values] of steps.entries()) {
    for (const [at, expected] of byPyTorch[index]!.entries()) expect(values[at]).toBeCloseTo(expected, 6);
  }
});

test('a vector does not decay', async () => {
  const [[decayed]] = (await optimize([1], [1, 1], [[0]], 0.5)) as [[number]];
  const [[kept]] = (await optimize([1], [1], [[0]], 0.5)) as [[number]];
  expect([decayed, kept]).toEqual([expect.closeTo(0.95, 6), 1]);
});
