import type { GradSaveFunc, Tensor, Tensor2D, TensorFlow } from '@glyphmill/tensorflow';
import type { OnnxGraph } from '../onnx/onnx-graph.js';

/**
 * The exact GELU, x·Φ(x) with Φ the normal distribution's function, as in nanoGPT; Hendrycks and Gimpel 2016. Its
 * gradient, Φ(x) + x·φ(x), is computed with Φ as it was in the forward pass.
 */
export function gelu({ tf }: TensorFlow, x: Tensor2D): Tensor2D {
  const activation = tf.customGrad((...inputs) => {
    const [input, save] = inputs as [Tensor, GradSaveFunc];
    const share = input.mul(Math.SQRT1_2).erf().mul(0.5).add(0.5); // Φ(x)
    save([input, share]);
    const gradFunc = (gradient: Tensor, saved: Tensor[]) => {
      const [savedInput, savedShare] = saved as [Tensor, Tensor];
      const density = savedInput
        .square()
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI)); // φ(x)
      return gradient.mul(savedShare.add(savedInput.mul(density)));
    };
    return { value: input.mul(share), gradFunc };
  });
  return activation(x) as Tensor2D;
}

/** The same in ONNX, whose Gelu is the exact one unless told otherwise. */
export function geluOnnx(graph: OnnxGraph, x: string): string {
  return graph.node('Gelu', [x]);
}
