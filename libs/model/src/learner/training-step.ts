import type { Scalar, Tensor, TensorFlow } from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../config/index.js';
import { ForwardPass } from '../layers/forward-pass.js';
import { type AdamWStep, applyAdamW, type OptimizedWeight } from '../optimizer/adamw.js';
import { clipByNorm, globalNorm } from '../optimizer/gradient-clipping.js';
import type { BatchTensors, Trainable } from './trainable.js';

/** A model's weights, as they are optimized, by their names. */
export type OptimizedWeights = Readonly<Record<string, OptimizedWeight>>;

/** The loss of a batch before a step, in nats per token, and its gradients in the order of the weights. */
export interface LossAndGradients {
  loss: Scalar;
  gradients: Tensor[];
}

/** `seed` is int32 [2]: the training's seed, and a number that is another one in each forward pass. */
export function lossAndGradients(
  tensorflow: TensorFlow,
  trainable: Trainable,
  optimized: OptimizedWeights,
  batch: BatchTensors,
  { batchSize, seed }: { batchSize: number; seed: Tensor },
): LossAndGradients {
  const { tf } = tensorflow;
  const weights = Object.fromEntries(Object.entries(optimized).map(([name, { weight }]) => [name, weight]));
  const dropout = { rate: trainable.dropout, seed };
  const { value: loss, grads } = tf.variableGrads(() => {
    const pass = new ForwardPass(tensorflow, { weights, batchSize, length: trainable.blockSize, dropout });
    return trainable.loss(pass, batch);
  }, Object.values(weights));
  return { loss, gradients: Object.values(weights).map((weight) => grads[weight.name]!) };
}

/** Clips the gradients by their global norm, and takes one step of AdamW. Returns the norm before clipping. */
export function updateWeights(
  tensorflow: TensorFlow,
  optimized: OptimizedWeights,
  gradients: readonly Tensor[],
  training: Pick<TrainingConfig, 'beta1' | 'beta2' | 'weightDecay' | 'gradientClip'>,
  step: AdamWStep,
): Scalar {
  const gradientNorm = globalNorm(tensorflow, gradients);
  const clipped = clipByNorm(tensorflow, gradients, gradientNorm, training.gradientClip);
  applyAdamW(tensorflow, Object.values(optimized), clipped, training, step);
  return gradientNorm;
}
