import type { Scalar, Tensor, TensorFlow } from '@glyphmill/tensorflow';

/** As in PyTorch's `clip_grad_norm_`; keeps gradients of all zeros from a division by zero. */
const EPSILON = 1e-6;

/** The Euclidean norm of all gradients as one vector. */
export function globalNorm({ tf }: TensorFlow, gradients: readonly Tensor[]): Scalar {
  return tf.tidy(() => tf.addN(gradients.map((gradient) => gradient.square().sum<Scalar>())).sqrt());
}

/** Scales the gradients, whose global norm is `norm`, so that it is at most `maxNorm`; 0 is no limit. Pascanu et al. 2013. */
export function clipByNorm(
  { tf }: TensorFlow,
  gradients: readonly Tensor[],
  norm: Scalar,
  maxNorm: number,
): readonly Tensor[] {
  if (maxNorm === 0) return gradients;
  return tf.tidy(() => {
    const scale = tf.scalar(maxNorm).div(norm.add(EPSILON)).minimum(1);
    return gradients.map((gradient) => gradient.mul(scale));
  });
}
