import type { GradSaveFunc, Tensor, Tensor3D, TensorFlow } from '@glyphmill/tensorflow';
import { type AttentionOnnxPass, MASKED } from './attention-onnx-pass.js';

/**
 * The softmax of each row over the places up to its own: scores [n, T, T] → shares [n, T, T], 0 for what comes later.
 * Its gradient, y·(dy − Σ dy·y), sees the mask only through the shares.
 */
export function causalSoftmax({ tf }: TensorFlow, scores: Tensor3D): Tensor3D {
  const softmax = tf.customGrad((...inputs) => {
    const [input, save] = inputs as [Tensor, GradSaveFunc];
    const length = input.shape[1]!;
    const shares = input.add(tf.tensor2d(futureMask(length), [length, length])).softmax(); // [n, T, T]
    save([shares]);
    const gradFunc = (gradient: Tensor, saved: Tensor[]) => {
      const [savedShares] = saved as [Tensor];
      return savedShares.mul(gradient.sub(gradient.mul(savedShares).sum(-1, true)));
    };
    return { value: shares, gradFunc };
  });
  return softmax(scores) as Tensor3D;
}

/** The same in ONNX after a past, of [B, H, T, P+T]; padding has no share either. */
export function causalSoftmaxOnnx({ graph, bias }: AttentionOnnxPass, scores: string): string {
  return graph.node('Softmax', [graph.node('Add', [scores, bias])], { axis: { i: -1 } });
}

/** [T, T], row-major: 0 where a column is not after its row, and {@link MASKED} where it is. */
function futureMask(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? MASKED : 0,
  );
}
