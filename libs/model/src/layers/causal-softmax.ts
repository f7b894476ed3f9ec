import type { GradSaveFunc, Tensor, Tensor3D } from '@glyphmill/tensorflow';
import type { AttentionOnnxPass } from './attention-onnx-pass.js';
import type { ForwardPass } from './forward-pass.js';

/**
 * The softmax of each row over the places up to its own: scores [n, T, T] → shares [n, T, T], 0 for what comes later.
 * Its gradient, y·(dy − Σ dy·y), sees the mask only through the shares.
 */
export function causalSoftmax(pass: ForwardPass, scores: Tensor3D): Tensor3D {
  const { tf } = pass.tensorflow;
  const mask = pass.futureMask(); // [T, T]
  const softmax = tf.customGrad((...inputs) => {
    const [input, save] = inputs as [Tensor, GradSaveFunc];
    const shares = input.add(mask).softmax(); // [n, T, T]
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
