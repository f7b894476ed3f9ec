import type { Tensor2D } from '@glyphmill/tensorflow';
import type { ForwardPass } from './forward-pass.js';
import { gelu, geluOnnx } from './gelu.js';
import { linear, linearOnnx, linearPlan } from './linear.js';
import type { OnnxPass } from './onnx-pass.js';
import type { WeightPlan, WeightStart } from './weight-plan.js';

/** The hidden layer is this many times as wide, as in GPT-2. */
export const FEED_FORWARD_FACTOR = 4;

export interface FeedForwardShape {
  nEmbd: number;
  bias: boolean;
  /** How the second matrix starts, which adds to the residual stream. */
  residualStart: WeightStart;
}

export function feedForwardPlan(name: string, { nEmbd, bias, residualStart }: FeedForwardShape): WeightPlan {
  const hidden = FEED_FORWARD_FACTOR * nEmbd;
  return {
    ...linearPlan(`${name}.c_fc`, { inputs: nEmbd, outputs: hidden, bias }),
    ...linearPlan(`${name}.c_proj`, { inputs: hidden, outputs: nEmbd, bias, start: residualStart }),
  };
}

/** Each token for itself: x [B·T, C] → [B·T, 4C] → GELU → [B·T, C], with dropout. */
export function feedForward(pass: ForwardPass, name: string, x: Tensor2D): Tensor2D {
  const hidden = gelu(pass.tensorflow, linear(pass, `${name}.c_fc`, x)); // [B·T, 4C]
  return pass.dropout(linear(pass, `${name}.c_proj`, hidden)); // [B·T, C]
}

/** The same in ONNX, of [B, T, C] or [B, C]. */
export function feedForwardOnnx(pass: OnnxPass, name: string, x: string): string {
  const hidden = geluOnnx(pass.graph, linearOnnx(pass, `${name}.c_fc`, x)); // [B, T, 4C]
  return linearOnnx(pass, `${name}.c_proj`, hidden); // [B, T, C]
}
