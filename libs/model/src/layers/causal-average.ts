import type { Tensor, Tensor2D, TensorFlow } from '@glyphmill/tensorflow';
import { ELEMENT_TYPE } from '../onnx/onnx-schema.js';
import type { ForwardPass } from './forward-pass.js';
import type { SequenceOnnxPass } from './sequence-onnx-pass.js';

/**
 * Each token gets the mean of the tokens up to itself (past-means.ts says why so): x [B·T, C] → [B·T, C]. Running sums
 * divided by their counts, so that no matrix of T×T numbers is needed.
 */
export function causalAverage(pass: ForwardPass, x: Tensor2D): Tensor2D {
  const { batchSize, length } = pass;
  const width = x.shape[1];
  const means = runningMeans(pass.tensorflow, x.reshape([batchSize, length, width])); // [B, T, C]
  return means.reshape([batchSize * length, width]);
}

/** The same in ONNX, of [B, T, C]. */
export function causalAverageOnnx(pass: SequenceOnnxPass, x: string): string {
  const { graph } = pass;
  const sums = graph.node('CumSum', [x, graph.integer(1)]); // [B, T, C]
  const counts = graph.node('Add', [pass.positions(), graph.integer(1)]); // [T], from 1
  const column = graph.node('Unsqueeze', [
    graph.node('Cast', [counts], { to: { i: ELEMENT_TYPE.float } }),
    graph.integers([1]),
  ]);
  return graph.node('Div', [sums, column]);
}

/**
 * x [B, T, C] → the mean over rows 0 to t in each row t. The gradient of row s is the sum over all t from s on of
 * dy(t)/(t + 1): running sums from the end. (The gradient that tfjs has of `cumsum` is wrong for an axis in the middle.)
 */
function runningMeans({ tf }: TensorFlow, x: Tensor): Tensor {
  const means = tf.customGrad((input) => {
    const length = (input as Tensor).shape[1]!;
    const counts = () =>
      tf.tensor2d(
        Float32Array.from({ length }, (_, t) => t + 1),
        [length, 1],
      );
    return {
      value: (input as Tensor).cumsum(1).div(counts()),
      gradFunc: (gradient: Tensor) => gradient.div(counts()).cumsum(1, false, true),
    };
  });
  return means(x);
}
