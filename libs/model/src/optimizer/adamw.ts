import { applyAdam, type Tensor, type TensorFlow, type Variable } from '@glyphmill/tensorflow';

/** PyTorch's default. */
const EPSILON = 1e-8;

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  weightDecay: number;
}

/** A weight, and the running means of its gradient and of its gradient's square. */
export interface OptimizedWeight {
  weight: Variable;
  firstMoment: Variable;
  secondMoment: Variable;
}

/** What changes from step to step; scalars. */
export interface AdamWStep {
  rate: Tensor;
  /** β₁ᵗ and β₂ᵗ, with t from 1. */
  beta1Power: Tensor;
  beta2Power: Tensor;
}

/** The numbers of {@link AdamWStep}. From the step itself: a product kept from step to step would drift, and need saving. */
export function adamWStepNumbers(
  { step, learningRate }: { step: number; learningRate: number },
  { beta1, beta2 }: AdamWSettings,
): Record<keyof AdamWStep, number> {
  return { rate: learningRate, beta1Power: beta1 ** step, beta2Power: beta2 ** step };
}

/**
 * One step of AdamW as PyTorch defines it: decay is a multiplication of its own, before the step, and ε is added to the
 * corrected root. Only matrices decay, as in nanoGPT. Loshchilov and Hutter 2019, "Decoupled weight decay
 * regularization".
 *
 *     p ← p·(1 − lr·decay);  m ← m + (1 − β₁)(g − m);  v ← v + (1 − β₂)(g² − v)
 *     p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 */
export function applyAdamW(
  tensorflow: TensorFlow,
  weights: readonly OptimizedWeight[],
  gradients: readonly Tensor[],
  { beta1, beta2, weightDecay }: AdamWSettings,
  { rate, beta1Power, beta2Power }: AdamWStep,
): void {
  const { tf } = tensorflow;
  tf.tidy(() => {
    const epsilon = tf.sub(1, beta2Power).sqrt().mul(EPSILON); // ε as PyTorch means it
    const kept = tf.sub(1, rate.mul(weightDecay));
    for (const [index, { weight, firstMoment, secondMoment }] of weights.entries()) {
      if (weight.rank > 1 && weightDecay > 0) weight.assign(weight.mul(kept));
      const gradient = gradients[index]!;
      const update = { variable: weight, firstMoment, secondMoment, gradient, rate, beta1, beta2 };
      applyAdam(tensorflow, { ...update, beta1Power, beta2Power, epsilon });
    }
  });
}
