import {
  applyAdam,
  sparseSoftmaxCrossEntropy,
  type TensorFlow,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../../config/index.js';
import { ForwardPass } from '../../layers/forward-pass.js';
import { clipByGlobalNorm } from '../../training/gradient-clipping.js';
import type { Network } from './network.js';

/** PyTorch's default for Adam. */
const EPSILON = 1e-8;

/** What AdamW keeps of a weight: the weight, and the running means of its gradient and of its square. */
export interface Moments {
  weight: Variable;
  firstMoment: Variable;
  secondMoment: Variable;
}

/** What changes from step to step. */
export interface TrainingStepInputs {
  /** int32 [B, T]. */
  ids: Tensor;
  /** int32 [B·T]. */
  targets: Tensor;
  /** int32 [2]: the training's seed and the step. */
  seed: Tensor;
  rate: Tensor;
  /** β₁ᵗ and β₂ᵗ, with t from 1. */
  beta1Power: Tensor;
  beta2Power: Tensor;
}

/**
 * One step of AdamW in plain tfjs: eager as it is, and the body of a recorded program. Gives the loss before the step,
 * in nats a token. Gradients are clipped by their global norm; only matrices decay, as in nanoGPT.
 */
export function trainingStep(
  tensorflow: TensorFlow,
  network: Network,
  parameters: Readonly<Record<string, Moments>>,
  training: Pick<TrainingConfig, 'beta1' | 'beta2' | 'weightDecay' | 'gradientClip'>,
  { ids, targets, seed, rate, beta1Power, beta2Power }: TrainingStepInputs,
): { loss: Scalar } {
  const { tf } = tensorflow;
  const moments = Object.values(parameters);
  const weights = Object.fromEntries(Object.entries(parameters).map(([name, { weight }]) => [name, weight]));
  const [batchSize, length] = ids.shape as [number, number];
  const dropout = { rate: network.dropout, seed };
  const { value: loss, grads } = tf.variableGrads(() => {
    const pass = new ForwardPass(tensorflow, { weights, batchSize, length, dropout });
    const logits = network.logits(pass, ids as Tensor2D); // [B·T, V]
    return sparseSoftmaxCrossEntropy(tensorflow, logits, targets as Tensor1D).mean<Scalar>();
  }, Object.values(weights));
  const unclipped = moments.map(({ weight }) => grads[weight.name]!);
  const gradients = clipByGlobalNorm(tensorflow, unclipped, training.gradientClip);
  const { beta1, beta2, weightDecay } = training;
  const epsilon = tf.sub(1, beta2Power).sqrt().mul(EPSILON); // ε as PyTorch means it
  const kept = tf.sub(1, rate.mul(weightDecay));
  for (const [index, { weight, firstMoment, secondMoment }] of moments.entries()) {
    if (weight.rank > 1 && weightDecay > 0) weight.assign(weight.mul(kept));
    const gradient = gradients[index]!;
    const update = { variable: weight, firstMoment, secondMoment, gradient, rate, beta1, beta2 };
    applyAdam(tensorflow, { ...update, beta1Power, beta2Power, epsilon });
  }
  return { loss };
}
