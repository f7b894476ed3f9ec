import type { Tensor2D, Tensor3D } from '@glyphmill/tensorflow';
import type { ForwardPass } from './forward-pass.js';
import type { SequenceOnnxPass } from './sequence-onnx-pass.js';

/** Each token gets the mean of the tokens up to itself (past-means.ts says why so): x [B·T, C] → [B·T, C]. */
export function causalAverage(pass: ForwardPass, x: Tensor2D): Tensor2D {
  const { tf } = pass.tensorflow;
  const { batchSize, length } = pass;
  const width = x.shape[1];
  const shares = tf.tensor3d(pastShares(length), [1, length, length]);
  const means = tf.matMul(shares, x.reshape<Tensor3D>([batchSize, length, width])); // [B, T, C]
  return means.reshape([batchSize * length, width]);
}

/** The same in ONNX, of [B, T, C], as a product with the triangle of shares. */
export function causalAverageOnnx(pass: SequenceOnnxPass, x: string): string {
  const { graph } = pass;
  const square = graph.node('Concat', [pass.length, pass.length], { axis: { i: 0 } });
  const ones = graph.node('Expand', [graph.number(1), square]); // [T, T]
  const triangle = graph.node('Trilu', [ones], { upper: { i: 0 } }); // 0 above the diagonal
  const counts = graph.node('ReduceSum', [triangle, graph.integers([1])], { keepdims: { i: 1 } }); // [T, 1]
  return graph.node('MatMul', [graph.node('Div', [triangle, counts]), x]);
}

/** [T, T], row-major: row t has t + 1 times 1/(t + 1), then zeros. */
function pastShares(length: number): Float32Array {
  const shares = new Float32Array(length * length);
  for (let t = 0; t < length; t += 1) shares.fill(1 / (t + 1), t * length, t * length + t + 1);
  return shares;
}
