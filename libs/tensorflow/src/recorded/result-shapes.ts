import type { DataType, TensorInfo } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import type { OperationAttribute } from './operation-attributes.js';

/** What an operation results in, before it is computed. */
export interface ResultShape {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** An operation as it is about to be executed. */
export interface PendingOperation {
  readonly op: string;
  readonly attributes: readonly OperationAttribute[];
  readonly inputs: readonly TensorInfo[];
  /** The values of an input that is an array of JavaScript, such as a shape or an axis. */
  readonly valuesOf: (input: TensorInfo) => readonly number[] | undefined;
}

type Rule = (operation: PendingOperation, backend: TensorFlow['backend']) => readonly ResultShape[] | undefined;

/**
 * The results of an operation whose shapes follow from those of its inputs; undefined for all others, and for inputs
 * that do not fit, which TensorFlow itself must refuse.
 */
export function resultShapes(
  backend: TensorFlow['backend'],
  operation: PendingOperation,
): readonly ResultShape[] | undefined {
  return rules[operation.op]?.(operation, backend);
}

const sameShape: Rule = ({ inputs: [x] }) => x && [{ shape: x.shape, dtype: x.dtype }];

const elementwise: Rule = ({ inputs: [a, b] }) => {
  const shape = a && b && a.dtype === b.dtype ? broadcast(a.shape, b.shape) : undefined;
  return shape && [{ shape, dtype: a!.dtype }];
};

const comparison: Rule = (operation, backend) => {
  const shape = elementwise(operation, backend)?.[0]?.shape;
  return shape && [{ shape, dtype: 'bool' }];
};

const reduction: Rule = ({ attributes, inputs, valuesOf }) => {
  const [x, axes] = inputs;
  const reduced = axes && valuesOf(axes);
  if (x === undefined || reduced === undefined) return undefined;
  const keepsDimensions = attributeOf(attributes, 'keep_dims') === true;
  const isReduced = (axis: number) => reduced.includes(axis) || reduced.includes(axis - x.shape.length);
  const shape = x.shape.flatMap((size, axis) => (isReduced(axis) ? (keepsDimensions ? [1] : []) : [size]));
  return [{ shape, dtype: x.dtype }];
};

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Minimum', 'Maximum'].map((op) => [op, elementwise])),
  ...Object.fromEntries(['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal'].map((op) => [op, comparison])),
  ...Object.fromEntries(
    ['Square', 'Sqrt', 'Rsqrt', 'Exp', 'Erf', 'Neg', 'Softmax', 'ZerosLike', 'Cumsum'].map((op) => [op, sameShape]),
  ),
  Sum: reduction,
  Mean: reduction,
  Cast: ({ attributes, inputs: [x] }, backend) => {
    const target = attributeOf(attributes, 'DstT');
    const dtype = (['float32', 'int32', 'bool'] as const).find((one) => backend.getDTypeInteger(one) === target);
    return x && dtype && [{ shape: x.shape, dtype }];
  },
  AddN: ({ inputs: [x, ...others] }) =>
    x && others.every((other) => isSame(other.shape, x.shape)) ? [{ shape: x.shape, dtype: x.dtype }] : undefined,
  Reshape: ({ inputs: [x, target], valuesOf }) => {
    const wanted = target && valuesOf(target);
    if (x === undefined || wanted === undefined) return undefined;
    const size = product(x.shape);
    // −1 stands for whatever is left.
    const given = product(wanted.filter((one) => one !== -1));
    const shape = wanted.map((one) => (one === -1 ? size / given : one));
    return product(shape) === size && shape.every(Number.isInteger) ? [{ shape, dtype: x.dtype }] : undefined;
  },
  ExpandDims: ({ inputs: [x, axis], valuesOf }) => {
    const at = axis && valuesOf(axis)?.[0];
    if (x === undefined || at === undefined || at < 0 || at > x.shape.length) return undefined;
    return [{ shape: x.shape.toSpliced(at, 0, 1), dtype: x.dtype }];
  },
  Transpose: ({ inputs: [x, order], valuesOf }) => {
    const axes = order && valuesOf(order);
    if (x === undefined || axes?.length !== x.shape.length) return undefined;
    return [{ shape: axes.map((axis) => x.shape[axis]!), dtype: x.dtype }];
  },
  Unpack: ({ attributes, inputs: [x] }) => {
    const axis = attributeOf(attributes, 'axis');
    if (x === undefined || typeof axis !== 'number' || axis < 0 || axis >= x.shape.length) return undefined;
    const result = { shape: x.shape.toSpliced(axis, 1), dtype: x.dtype };
    return Array.from({ length: x.shape[axis]! }, () => result);
  },
  Pack: ({ attributes, inputs }) => {
    const axis = attributeOf(attributes, 'axis');
    const [x] = inputs;
    if (x === undefined || typeof axis !== 'number' || axis < 0 || axis > x.shape.length) return undefined;
    if (!inputs.every(({ shape }) => isSame(shape, x.shape))) return undefined;
    return [{ shape: x.shape.toSpliced(axis, 0, inputs.length), dtype: x.dtype }];
  },
  OneHot: ({ attributes, inputs: [ids, depth, on], valuesOf }) => {
    const classes = depth && valuesOf(depth)?.[0];
    if (ids === undefined || classes === undefined || attributeOf(attributes, 'axis') !== -1) return undefined;
    return on && [{ shape: [...ids.shape, classes], dtype: on.dtype }];
  },
  GatherV2: ({ attributes, inputs: [table, ids, axis], valuesOf }) => {
    const isByRow = axis && valuesOf(axis)?.[0] === 0 && attributeOf(attributes, 'batch_dims') === 0;
    if (!isByRow || table === undefined || ids === undefined) return undefined;
    return [{ shape: [...ids.shape, ...table.shape.slice(1)], dtype: table.dtype }];
  },
  StatelessRandomUniform: ({ inputs: [target], valuesOf }) => {
    const shape = target && valuesOf(target);
    return shape && [{ shape, dtype: 'float32' }];
  },
  MatMul: ({ attributes, inputs }) => matrixProduct(inputs, attributes, 'transpose_a', 'transpose_b'),
  BatchMatMulV2: ({ attributes, inputs }) => matrixProduct(inputs, attributes, 'adj_x', 'adj_y'),
  SoftmaxCrossEntropyWithLogits: ({ inputs: [logits, shares] }) =>
    logits && shares && isSame(logits.shape, shares.shape) ? lossAndGradient(logits) : undefined,
  SparseSoftmaxCrossEntropyWithLogits: ({ inputs: [logits, labels] }) =>
    logits && labels && isSame(logits.shape.slice(0, 1), labels.shape) ? lossAndGradient(logits) : undefined,
};

/** The operations whose results' shapes are known. */
export const SHAPED_OPERATIONS: readonly string[] = Object.keys(rules);

function lossAndGradient({ shape, dtype }: TensorInfo): ResultShape[] {
  return [
    { shape: shape.slice(0, 1), dtype },
    { shape, dtype },
  ];
}

function matrixProduct(
  [a, b]: readonly TensorInfo[],
  attributes: readonly OperationAttribute[],
  transposeA: string,
  transposeB: string,
): ResultShape[] | undefined {
  if (a === undefined || b === undefined || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [rows, inner] = matrixSizes(a.shape, attributeOf(attributes, transposeA) === true);
  const [otherInner, columns] = matrixSizes(b.shape, attributeOf(attributes, transposeB) === true);
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return batch && inner === otherInner ? [{ shape: [...batch, rows, columns], dtype: a.dtype }] : undefined;
}

function matrixSizes(shape: readonly number[], isTransposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** The shape that both are stretched to; undefined if they do not fit. */
function broadcast(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const sizes = Array.from({ length: rank }, (_, axis) => {
    const one = a[axis - rank + a.length] ?? 1;
    const other = b[axis - rank + b.length] ?? 1;
    return one === other || other === 1 ? one : one === 1 ? other : undefined;
  });
  return sizes.every((size) => size !== undefined) ? sizes : undefined;
}

function attributeOf(attributes: readonly OperationAttribute[], name: string): unknown {
  return attributes.find((attribute) => attribute.name === name)?.value;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, one) => size * one, 1);
}
