import { isDeepStrictEqual } from 'node:util';
import type { RecordedNode } from './recorded-node.js';
import type { EntryRecording } from './entry-recording.js';
import type { AttrValue } from './graph-proto.js';
import { ChangedConstantError, ChangedGraphError, ChangedShapeError } from './program-errors.js';

/**
 * Compares two recordings of one body, made with different inputs: they must be the same graph with the same constants,
 * for what differs would be frozen as it was the first time.
 * Throws {@link ChangedConstantError}, {@link ChangedShapeError} or {@link ChangedGraphError} for the first difference.
 */
export function checkRepeatable(entry: string, first: EntryRecording, second: EntryRecording): void {
  const count = Math.max(first.nodes.length, second.nodes.length);
  for (let index = 0; index < count; index++) checkNode(entry, first.nodes[index], second.nodes[index]);
}

function checkNode(entry: string, first: RecordedNode | undefined, second: RecordedNode | undefined): void {
  if (first?.op !== second?.op || first === undefined || second === undefined) {
    throw new ChangedGraphError(
      `recorded once it came to ${describe(first)}, recorded again, with other inputs, to ${describe(second)}. ` +
        'What a body does must not depend on values, on JavaScript state that it changes, or on random numbers. ' +
        'Choose with tf.where, or declare an entry for each case.',
      { entry, operation: first?.op ?? second?.op ?? '' },
    );
  }
  if (first.op === 'Const' && !isDeepStrictEqual(first.attr['value'], second.attr['value'])) {
    throw new ChangedConstantError(
      `the constant of ${first.origin} was ${describeChange(first.attr['value'], second.attr['value'])} when the body was ` +
        'recorded again. A graph keeps it for ever: declare what changes as an input ' +
        '(random numbers: use statelessUniform with a seed input).',
      { entry, operation: operationOf(first.origin) },
    );
  }
  if (!isDeepStrictEqual(first.shapes, second.shapes)) {
    throw new ChangedShapeError(
      `the result of ${first.origin} had the shape ${shapes(first)}, and ${shapes(second)} when the body was recorded again ` +
        'with other inputs. A graph keeps its shapes: use operations whose shape depends on shapes only (a mask for tf.booleanMask).',
      { entry, operation: first.op },
    );
  }
  if (!isDeepStrictEqual([first.input, first.attr], [second.input, second.attr])) {
    const attribute = Object.keys(first.attr).find((name) => !isDeepStrictEqual(first.attr[name], second.attr[name]));
    const change = attribute === undefined ? 'took other inputs' : `had another value of its attribute '${attribute}'`;
    throw new ChangedGraphError(
      `${first.origin} ${change} when the body was recorded again. A graph keeps them for ever: choose with tf.where, and ` +
        'compute what changes with tensors, from declared inputs.',
      { entry, operation: first.op },
    );
  }
}

function describe(node: RecordedNode | undefined): string {
  return node === undefined ? 'its end' : node.op === 'Const' ? `a constant of ${node.origin}` : node.origin;
}

function operationOf(origin: string): string {
  return /^operation (\w+)/u.exec(origin)?.[1] ?? 'Const';
}

function shapes(node: RecordedNode): string {
  return node.shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ');
}

function describeChange(first: AttrValue | undefined, second: AttrValue | undefined): string {
  const [before, after] = [values(first), values(second)];
  const place = before.findIndex((value, index) => value !== after[index]);
  if (before.length !== after.length || place < 0) return `[${sizes(first)}], and another shape, [${sizes(second)}],`;
  const where = before.length === 1 ? '' : ` at its value ${place}`;
  return `${before[place]}${where}, and ${after[place]}`;
}

/** The numbers of a constant: float32 or int32 by TensorFlow's DataType (1 and 3), bytes otherwise. */
function values(attribute: AttrValue | undefined): readonly number[] {
  const { dtype, tensor_content: bytes = new Uint8Array() } = attribute?.tensor ?? {};
  if (dtype === 1) return [...new Float32Array(bytes.slice().buffer)];
  return dtype === 3 ? [...new Int32Array(bytes.slice().buffer)] : [...bytes];
}

function sizes(attribute: AttrValue | undefined): string {
  return (attribute?.tensor?.tensor_shape.dim ?? []).map(({ size }) => size).join(', ');
}
