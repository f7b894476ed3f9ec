import type { TensorFlow } from '../load-tensorflow.js';
import type { InputDType } from './entry-declaration.js';
import { type AttrValue, shapeProto } from './graph-proto.js';

/** A tensor's values as tfjs holds them before they are uploaded. */
export type ConstantValues = Parameters<TensorFlow['backend']['write']>[0];

const arrayClasses = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The attributes of a `Const` node. The bytes are a copy, so that a later change of the array is not seen. */
export function constantContent(
  backend: TensorFlow['backend'],
  values: ConstantValues,
  shape: readonly number[],
  dtype: InputDType,
): Record<'dtype' | 'value', AttrValue> {
  const type = backend.getDTypeInteger(dtype);
  const content = new Uint8Array(arrayClasses[dtype].from(values as ArrayLike<number>).buffer);
  return {
    dtype: { type },
    value: { tensor: { dtype: type, tensor_shape: shapeProto(shape), tensor_content: content } },
  };
}
