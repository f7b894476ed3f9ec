import type { GradSaveFunc, Tensor, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from './load-tensorflow.js';

interface Transposition {
  transposeA: boolean;
  transposeB: boolean;
}

/**
 * The product of two matrices, a [n, k] and b [k, m], or b [m, k] with `transposeB`, → [n, m]. TensorFlow's MatMul by
 * name: `tf.matMul` makes batches of one of them, which costs it the fast kernels.
 */
export function matrixProduct(
  tensorflow: TensorFlow,
  a: Tensor2D,
  b: Tensor2D,
  { transposeB = false }: { transposeB?: boolean } = {},
): Tensor2D {
  const { tf } = tensorflow;
  const product = tf.customGrad((...inputs) => {
    const [left, right, save] = inputs as [Tensor, Tensor, GradSaveFunc];
    save([left, right]);
    const value = matMul(tensorflow, left, right, { transposeA: false, transposeB });
    const gradFunc = (gradient: Tensor, saved: Tensor[]) => {
      const [savedLeft, savedRight] = saved as [Tensor, Tensor];
      return [
        matMul(tensorflow, gradient, savedRight, { transposeA: false, transposeB: !transposeB }),
        transposeB
          ? matMul(tensorflow, gradient, savedLeft, { transposeA: true, transposeB: false })
          : matMul(tensorflow, savedLeft, gradient, { transposeA: true, transposeB: false }),
      ];
    };
    return { value, gradFunc };
  });
  return tf.tidy(() => product(a, b) as Tensor2D);
}

/** The operation itself, without a gradient. */
export function matMul(
  { backend }: TensorFlow,
  a: Tensor,
  b: Tensor,
  { transposeA, transposeB }: Transposition,
): Tensor {
  const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'transpose_a', type: TF_ATTR_BOOL, value: transposeA },
    { name: 'transpose_b', type: TF_ATTR_BOOL, value: transposeB },
  ];
  return backend.executeSingleOutput('MatMul', attributes, [a, b]);
}
