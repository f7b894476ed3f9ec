import type { CacheShape } from '../layers/attention-onnx-pass.js';
import type { WeightArray, Weights } from '../weights/weights.js';

/** The linear layer that gives queries, keys and values, in all kinds with attention. */
const ATTENTION_WEIGHT = /(?:^|\.)c_attn\.(?:weight|bias)$/u;

/** The weights with the 1/√D of attention in those of the queries: the first C of the 3C columns. */
export function withScaledQueries(weights: Weights, { nEmbd, nHead }: CacheShape): Weights {
  const scale = 1 / Math.sqrt(nEmbd / nHead);
  const scaled = ({ shape, values }: WeightArray): WeightArray => ({
    shape,
    values: values.map((value, at) => (at % (3 * nEmbd) < nEmbd ? value * scale : value)),
  });
  return new Map([...weights].map(([name, array]) => [name, ATTENTION_WEIGHT.test(name) ? scaled(array) : array]));
}
