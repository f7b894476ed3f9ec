import type { Tensor, TensorFlow, Variable } from '@glyphmill/tensorflow';

/** PyTorch's default. */
const EPSILON = 1e-8;

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  weightDecay: number;
}

interface Moments {
  parameter: Variable;
  first: Variable;
  second: Variable;
}

/**
 * AdamW as PyTorch defines it: decay is a multiplication of its own, before the step, and ε is added to the corrected
 * root. Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
 *
 *     p ← p·(1 − lr·decay);  m ← m + (1 − β₁)(g − m);  v ← v + (1 − β₂)(g² − v)
 *     p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 */
export class AdamW {
  readonly #tensorflow: TensorFlow;
  readonly #moments: readonly Moments[];
  readonly #settings: AdamWSettings;

  /** Optimizes `parameters`, which stay the caller's. */
  constructor(tensorflow: TensorFlow, parameters: readonly Variable[], settings: AdamWSettings) {
    const { tf } = tensorflow;
    this.#tensorflow = tensorflow;
    this.#settings = settings;
    this.#moments = tf.tidy(() =>
      parameters.map((parameter) => ({
        parameter,
        first: tf.variable(tf.zerosLike(parameter), false),
        second: tf.variable(tf.zerosLike(parameter), false),
      })),
    );
  }

  /** One step with a gradient for each parameter, in their order. `step` counts from 1. */
  apply(gradients: readonly Tensor[], { step, learningRate }: { step: number; learningRate: number }): void {
    const { beta1, beta2, weightDecay } = this.#settings;
    // From the step itself: a product kept from step to step would drift, and would have to be saved.
    const correction1 = 1 - beta1 ** step;
    const correction2 = Math.sqrt(1 - beta2 ** step);
    const { tf } = this.#tensorflow;
    tf.tidy(() => {
      for (const [index, { parameter, first, second }] of this.#moments.entries()) {
        const gradient = gradients[index]!;
        // A tidy each, so that few arrays of the parameter's size are alive at once.
        first.assign(tf.tidy(() => first.add(gradient.sub(first).mul(1 - beta1))));
        second.assign(
          tf.tidy(() =>
            second.add(
              gradient
                .square()
                .sub(second)
                .mul(1 - beta2),
            ),
          ),
        );
        // Both sides of PyTorch's fraction are multiplied by √(1 − β₂ᵗ), which spares a pass over v.
        const change = tf.tidy(() => first.div(second.sqrt().add(EPSILON * correction2)));
        const scale = (learningRate * correction2) / correction1;
        parameter.assign(tf.tidy(() => parameter.mul(1 - learningRate * weightDecay).sub(change.mul(scale))));
      }
    });
  }

  /** Frees the moments. */
  dispose(): void {
    for (const { first, second } of this.#moments) {
      first.dispose();
      second.dispose();
    }
  }
}
