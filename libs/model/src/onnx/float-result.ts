import type { InferenceSession } from 'onnxruntime-node';

/** The values of a float result, row-major. Throws `TypeError` if a run gave none of this name. */
export function floatResult(results: InferenceSession.ReturnType, name: string): Float32Array {
  const data = results[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`The graph gave no floats as ${name}.`);
  return data;
}
