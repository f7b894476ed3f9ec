import { gatherRows, type TensorFlow, type Tensor2D, type Tensor3D } from '@glyphmill/tensorflow';
import type { OnnxGraph } from '../onnx/onnx-graph.js';

/** A row of the table for each token: table [V, C], ids [B, T] → [B, T, C]. */
export function embedding(tensorflow: TensorFlow, table: Tensor2D, ids: Tensor2D): Tensor3D {
  return gatherRows(tensorflow, table, ids) as Tensor3D;
}

/** The same in ONNX; returns the name of the rows. */
export function embeddingOnnx(graph: OnnxGraph, table: string, ids: string, output?: string): string {
  return graph.node('Gather', [table, ids], { axis: { i: 0 } }, output);
}
