import type { TensorInfo } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { type AttrValue, shapeProto, stringAttr } from './graph-proto.js';
import { UnsupportedOperationError } from './program-errors.js';

/** The attribute that keeps XLA's automatic clustering away from a node. */
export const OUTSIDE_XLA: Readonly<Record<string, AttrValue>> = Object.freeze({ _XlaCompile: { b: false } });

type Backend = TensorFlow['backend'];

/** An attribute as tfjs-node's kernels pass it to the binding. */
export type OperationAttribute = Parameters<Backend['executeSingleOutput']>[1][number];

/**
 * The attributes of a node: what was passed to eager execution, and what it inferred although a graph must be told.
 * Throws {@link UnsupportedOperationError} for an attribute that is none of TensorFlow's kinds.
 */
export function nodeAttributes(
  backend: Backend,
  entry: string,
  operation: string,
  passed: readonly OperationAttribute[],
  inputs: readonly TensorInfo[],
): Record<string, AttrValue> {
  const attributes = inferredAttributes(backend, operation, inputs);
  for (const attribute of passed) attributes[attribute.name] = attributeValue(backend, entry, operation, attribute);
  return attributes;
}

/** What tfjs-node's own kernels leave to eager execution, and what keeps random numbers the same everywhere. */
function inferredAttributes(
  backend: Backend,
  operation: string,
  inputs: readonly TensorInfo[],
): Record<string, AttrValue> {
  const [first] = inputs;
  if (operation === 'ExpandDims' && first !== undefined) {
    return { T: { type: backend.getDTypeInteger(first.dtype) }, Tdim: { type: backend.binding.TF_INT32 } };
  }
  // XLA draws other numbers from the same seed than TensorFlow's own kernels do, and is slower at it.
  return operation.startsWith('Stateless') ? { ...OUTSIDE_XLA } : {};
}

function attributeValue(
  { binding }: Backend,
  entry: string,
  operation: string,
  { name, type, value }: OperationAttribute,
): AttrValue {
  switch (type) {
    case binding.TF_ATTR_STRING:
      if (typeof value === 'string') return stringAttr(value);
      break;
    case binding.TF_ATTR_INT:
      if (typeof value === 'number') return { i: value };
      if (Array.isArray(value)) return { list: { i: value } };
      break;
    case binding.TF_ATTR_FLOAT:
      if (typeof value === 'number') return { f: value };
      if (Array.isArray(value)) return { list: { f: value } };
      break;
    case binding.TF_ATTR_BOOL:
      if (typeof value === 'boolean') return { b: value };
      if (Array.isArray(value)) return { list: { b: value.map(Boolean) } };
      break;
    case binding.TF_ATTR_TYPE:
      if (typeof value === 'number') return { type: value };
      break;
    case binding.TF_ATTR_SHAPE:
      if (Array.isArray(value)) return { shape: shapeProto(value) };
      break;
    default:
  }
  throw new UnsupportedOperationError(
    `the attribute '${name}' of operation ${operation} has the kind ${type} and the value ${JSON.stringify(value)}, ` +
      `which a graph does not know. Build it by hand, as { name, type: backend.binding.TF_ATTR_…, value }.`,
    { entry, operation },
  );
}

/** Operations that draw from a state of their own: a second run yields other numbers, and no seed input sets them. */
const statefulRandomOperation =
  /^(?:Multinomial|Random[A-Z]\w*|ParameterizedTruncatedNormal|TruncatedNormal|Stateful[A-Z]\w*|\w+CandidateSampler)$/u;

export function drawsFromHiddenState(operation: string): boolean {
  return statefulRandomOperation.test(operation);
}
