import { matrixProduct, type Tensor2D } from '@glyphmill/tensorflow';
import type { ForwardPass } from './forward-pass.js';
import type { OnnxPass } from './onnx-pass.js';
import { NORMAL_START, type WeightPlan, type WeightStart } from './weight-plan.js';

export interface LinearShape {
  inputs: number;
  outputs: number;
  bias: boolean;
  start?: WeightStart;
}

/** The matrix is [inputs, outputs], as in GPT-2's files. */
export function linearPlan(name: string, { inputs, outputs, bias, start = NORMAL_START }: LinearShape): WeightPlan {
  return {
    [`${name}.weight`]: { shape: [inputs, outputs], start },
    ...(bias ? { [`${name}.bias`]: { shape: [outputs], start: 'zeros' } as const } : {}),
  };
}

/** x [n, inputs] → x·W + b [n, outputs]. */
export function linear(pass: ForwardPass, name: string, x: Tensor2D): Tensor2D {
  const product = matrixProduct(pass.tensorflow, x, pass.matrix(`${name}.weight`)); // [n, outputs]
  const bias = pass.optionalVector(`${name}.bias`);
  return bias === undefined ? product : product.add(bias);
}

/** The same in ONNX, of [B, T, inputs] → [B, T, outputs], or without T. */
export function linearOnnx(pass: OnnxPass, name: string, x: string): string {
  const product = pass.graph.node('MatMul', [x, pass.weight(`${name}.weight`)]);
  const bias = pass.optionalWeight(`${name}.bias`);
  return bias === undefined ? product : pass.graph.node('Add', [product, bias]);
}
