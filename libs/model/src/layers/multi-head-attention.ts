import type { Tensor2D } from '@glyphmill/tensorflow';
import type { AttentionOnnxPass } from './attention-onnx-pass.js';
import { type AttentionShape, causalSelfAttention, causalSelfAttentionOnnx } from './causal-self-attention.js';
import type { DecodingOnnxPass } from './decoding-onnx-pass.js';
import type { ForwardPass } from './forward-pass.js';
import { linear, linearOnnx, linearPlan } from './linear.js';
import type { WeightPlan, WeightStart } from './weight-plan.js';

export interface MultiHeadShape {
  nEmbd: number;
  bias: boolean;
  /** How the projection starts, which adds to the residual stream. */
  residualStart: WeightStart;
}

export function multiHeadAttentionPlan(name: string, { nEmbd, bias, residualStart }: MultiHeadShape): WeightPlan {
  return {
    ...linearPlan(`${name}.c_attn`, { inputs: nEmbd, outputs: 3 * nEmbd, bias }),
    ...linearPlan(`${name}.c_proj`, { inputs: nEmbd, outputs: nEmbd, bias, start: residualStart }),
  };
}

/** What the heads found, mixed by a projection: x [B·T, C] → [B·T, C], with dropout. */
export function multiHeadAttention(pass: ForwardPass, name: string, x: Tensor2D, shape: AttentionShape): Tensor2D {
  const heads = causalSelfAttention(pass, `${name}.c_attn`, x, shape); // [B·T, C]
  return pass.dropout(linear(pass, `${name}.c_proj`, heads)); // [B·T, C]
}

/** The same in ONNX, of [B, T, C] or [B, C]. */
export function multiHeadAttentionOnnx(
  pass: AttentionOnnxPass | DecodingOnnxPass,
  name: string,
  x: string,
  shape: AttentionShape,
): string {
  const heads = causalSelfAttentionOnnx(pass, `${name}.c_attn`, x, shape); // [B, T, C]
  return linearOnnx(pass, `${name}.c_proj`, heads); // [B, T, C]
}
