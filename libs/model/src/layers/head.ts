import { matrixProduct, type Tensor2D } from '@glyphmill/tensorflow';
import type { ForwardPass } from './forward-pass.js';
import type { OnnxPass } from './onnx-pass.js';
import { NORMAL_START, type WeightPlan } from './weight-plan.js';

/** A table of its own, for a head that is not tied. */
export function headPlan(
  name: string,
  { vocabularySize, nEmbd }: { vocabularySize: number; nEmbd: number },
): WeightPlan {
  return { [name]: { shape: [vocabularySize, nEmbd], axes: ['vocabulary', 'feature'], start: NORMAL_START } };
}

/**
 * The logits of the next token are how well an activation fits each token's row of a table: x [B·T, C], table [V, C] →
 * x·tableᵀ [B·T, V]. The head is tied where the table is the one that embeds the tokens (Press and Wolf 2017).
 */
export function head(pass: ForwardPass, table: string, x: Tensor2D): Tensor2D {
  return matrixProduct(pass.tensorflow, x, pass.matrix(table), { transposeB: true });
}

/** The same in ONNX, of [B, T, C] → `logits` [B, T, V], or of [B, C] → [B, V]. */
export function headOnnx(pass: OnnxPass, table: string, x: string): string {
  const transposed = pass.graph.node('Transpose', [pass.weight(table)], { perm: { ints: [1, 0] } }); // [C, V]
  return pass.graph.node('MatMul', [x, transposed], {}, 'logits');
}
