import type { Tensor2D, Tensor3D, Tensor4D } from '@glyphmill/tensorflow';
import type { AttentionOnnxPass } from './attention-onnx-pass.js';
import { causalSoftmax, causalSoftmaxOnnx } from './causal-softmax.js';
import { DecodingOnnxPass } from './decoding-onnx-pass.js';
import type { ForwardPass } from './forward-pass.js';
import { linear, linearOnnx } from './linear.js';

/** C is nEmbd, H is nHead, D = C/H the size of a head. */
export interface AttentionShape {
  nEmbd: number;
  nHead: number;
}

/**
 * Each token gathers from the tokens up to itself, weighted by how well its query fits their keys: x [B·T, C] →
 * softmax(q·kᵀ/√D)·v of each head, side by side: [B·T, C]. `name` is the linear layer that yields queries, keys and values,
 * [C, 3C]. Vaswani et al. 2017.
 */
export function causalSelfAttention(
  pass: ForwardPass,
  name: string,
  x: Tensor2D,
  { nEmbd, nHead }: AttentionShape,
): Tensor2D {
  const { tf } = pass.tensorflow;
  const { batchSize, length } = pass;
  const headSize = nEmbd / nHead;
  const heads = linear(pass, name, x) // [B·T, 3C]
    .reshape([batchSize, length, 3, nHead, headSize])
    .transpose([2, 0, 3, 1, 4])
    .reshape<Tensor4D>([3, batchSize * nHead, length, headSize]);
  const [q, k, v] = tf.unstack(heads) as [Tensor3D, Tensor3D, Tensor3D]; // [B·H, T, D] each
  const scores = tf.matMul<Tensor3D>(q.mul(1 / Math.sqrt(headSize)), k, false, true); // [B·H, T, T]
  const shares = pass.dropout(causalSoftmax(pass, scores)); // [B·H, T, T]
  return tf
    .matMul(shares, v) // [B·H, T, D]
    .reshape([batchSize, nHead, length, headSize])
    .transpose([0, 2, 1, 3])
    .reshape<Tensor2D>([batchSize * length, nEmbd]);
}

/** The same in ONNX, of [B, T, C], or of one new token per sequence, [B, C]. */
export function causalSelfAttentionOnnx(
  pass: AttentionOnnxPass | DecodingOnnxPass,
  name: string,
  x: string,
  shape: AttentionShape,
): string {
  return pass instanceof DecodingOnnxPass
    ? newestAttentionOnnx(pass, name, x, shape)
    : sequenceAttentionOnnx(pass, name, x, shape);
}

/** Queries for the T tokens, keys and values of the P + T: [B, T, C] → [B, T, C]. */
function sequenceAttentionOnnx(
  pass: AttentionOnnxPass,
  name: string,
  x: string,
  { nEmbd, nHead }: AttentionShape,
): string {
  const { graph } = pass;
  const headSize = nEmbd / nHead;
  // A 0 in the shape of a Reshape is the size that was there: B, T.
  const split = graph.node('Reshape', [linearOnnx(pass, name, x), graph.integers([0, 0, 3, nHead, headSize])]);
  const heads = graph.node('Transpose', [split], { perm: { ints: [2, 0, 3, 1, 4] } }); // [3, B, H, T, D]
  const part = (index: number) => graph.node('Gather', [heads, graph.integer(index)], { axis: { i: 0 } }); // [B, H, T, D]
  const q = graph.node('Mul', [part(0), graph.number(1 / Math.sqrt(headSize))]);
  const { keys, values } = pass.appendToPast({ keys: part(1), values: part(2) }); // [B, H, P+T, D] each
  const keysTransposed = graph.node('Transpose', [keys], { perm: { ints: [0, 1, 3, 2] } }); // [B, H, D, P+T]
  const shares = causalSoftmaxOnnx(pass, graph.node('MatMul', [q, keysTransposed])); // [B, H, T, P+T]
  const mixed = graph.node('MatMul', [shares, values]); // [B, H, T, D]
  const together = graph.node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } }); // [B, T, H, D]
  return graph.node('Reshape', [together, graph.integers([0, 0, nEmbd])]);
}

/** A query for the newest token alone, keys and values of the past and the chunk: [B, C] → [B, C]. */
function newestAttentionOnnx(
  pass: DecodingOnnxPass,
  name: string,
  x: string,
  { nEmbd, nHead }: AttentionShape,
): string {
  const { graph } = pass;
  // The 1/√D is in the weights of the queries already (decoding-graph.ts).
  const projected = linearOnnx(pass, name, x); // [B, 3C]
  const split = graph.node('Reshape', [projected, graph.integers([0, 3 * nHead, 1, nEmbd / nHead])]); // [B, 3H, 1, D]
  const [q, keys, values] = graph.nodes('Split', [split, graph.integers([nHead, nHead, nHead])], { axis: { i: 1 } }, 3);
  const { past, chunk } = pass.appendToChunk({ keys: keys!, values: values! });
  const scoresOf = (some: string) => graph.node('FusedMatMul', [q!, some], { transB: { i: 1 } });
  const pastScores = graph.node('Add', [scoresOf(past.keys), pass.pastBias]); // [B, H, 1, P]
  const scores = graph.node('Concat', [pastScores, scoresOf(chunk.keys)], { axis: { i: 3 } }); // [B, H, 1, P+s]
  const shares = graph.node('Softmax', [scores], { axis: { i: -1 } });
  const [pastShares, chunkShares] = graph.nodes('Split', [shares, pass.lengths], { axis: { i: 3 } }, 2);
  const fromPast = graph.node('MatMul', [pastShares!, past.values]); // [B, H, 1, D]
  const fromChunk = graph.node('MatMul', [chunkShares!, chunk.values]); // [B, H, 1, D]
  return graph.node('Reshape', [graph.node('Add', [fromPast, fromChunk]), graph.integers([0, nEmbd])]);
}
