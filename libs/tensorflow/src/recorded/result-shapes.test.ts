import type { Tensor, TensorInfo } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { matMul } from '../matrix-product.js';
import { gatherRows, softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../operations.js';
import { entry } from './entry-declaration.js';
import { recordProgram } from './recorded-program.js';
import { type PendingOperation, resultShapes, SHAPED_OPERATIONS } from './result-shapes.js';
import { statelessUniform } from './stateless-uniform.js';

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
});

const valuesOf = ({ dataId }: TensorInfo) => {
  const { values } = tensorflow.backend['tensorMap'].get(dataId) as { values: ArrayLike<number> | null };
  return values === null ? undefined : Array.from(values);
};

/** Runs `body` eagerly, and returns for each operation what was foretold of its results and what they were. */
function foretold(body: () => void): Map<string, { said: unknown[]; was: unknown[] }> {
  const { tf, backend } = tensorflow;
  const executeSingleOutput = backend.executeSingleOutput.bind(backend);
  const executeMultipleOutputs = backend.executeMultipleOutputs.bind(backend);
  const seen = new Map<string, { said: unknown[]; was: unknown[] }>();
  const compare = (operation: Omit<PendingOperation, 'valuesOf'>, execute: () => Tensor[]) => {
    const said = resultShapes(backend, { ...operation, valuesOf });
    const results = execute();
    const entries = seen.get(operation.op) ?? { said: [], was: [] };
    seen.set(operation.op, entries);
    entries.said.push(said);
    entries.was.push(results.map(({ shape, dtype }) => ({ shape, dtype })));
    return results;
  };
  backend.executeSingleOutput = (op, attributes, inputs) =>
    compare({ op, attributes, inputs }, () => [executeSingleOutput(op, attributes, inputs)])[0]!;
  backend.executeMultipleOutputs = (op, attributes, inputs, count) =>
    compare({ op, attributes, inputs }, () => executeMultipleOutputs(op, attributes, inputs, count));
  try {
    tf.tidy(body);
  } finally {
    // The class has the methods again.
    Reflect.deleteProperty(backend, 'executeSingleOutput');
    Reflect.deleteProperty(backend, 'executeMultipleOutputs');
  }
  return seen;
}

test('the shapes that are foretold are those that TensorFlow yields', () => {
  const { tf } = tensorflow;
  const seen = foretold(() => {
    const x = tf.tensor3d(
      Array.from({ length: 24 }, (_, at) => at + 1),
      [2, 3, 4],
    );
    const matrix = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const ids = tf.tensor1d([0, 1], 'int32');
    for (const y of [tf.tensor1d([1, 2, 3, 4]), tf.tensor2d([1, 2, 3], [3, 1]), tf.scalar(2)]) {
      for (const binary of [tf.add, tf.sub, tf.mul, tf.div, tf.minimum, tf.maximum]) binary(x, y);
      for (const compare of [tf.greater, tf.greaterEqual, tf.less, tf.lessEqual, tf.equal]) compare(y, x);
    }
    for (const unary of [tf.square, tf.sqrt, tf.rsqrt, tf.exp, tf.erf, tf.neg, tf.softmax, tf.zerosLike]) unary(x);
    tensorflow.backend.executeSingleOutput(
      'AddV2',
      [{ name: 'T', type: tensorflow.backend.binding.TF_ATTR_TYPE, value: tensorflow.backend.binding.TF_FLOAT }],
      [x, x],
    );
    x.cumsum(1);
    for (const keepDims of [true, false]) {
      x.sum([0, 2], keepDims);
      x.mean(-1, keepDims);
      x.sum(undefined, keepDims);
    }
    x.greater(3).cast('float32').cast('int32');
    tf.addN([x, x, x]);
    x.reshape([4, -1]);
    ids.expandDims(1).expandDims(0);
    x.transpose([2, 0, 1]);
    tf.stack(tf.unstack(x, 1), 2);
    tf.oneHot(ids, 5);
    gatherRows(tensorflow, matrix, tf.tensor2d([0, 1, 1, 0], [2, 2], 'int32'));
    statelessUniform(tensorflow, [2, 5], ids);
    matMul(tensorflow, matrix, matrix, { transposeA: true, transposeB: false });
    matMul(tensorflow, matrix, matrix, { transposeA: false, transposeB: true });
    tf.matMul(x, x, false, true);
    tf.matMul(x, x, true, false);
    softmaxCrossEntropy(tensorflow, matrix, matrix);
    sparseSoftmaxCrossEntropy(tensorflow, matrix, ids);
  });
  for (const { said, was } of seen.values()) expect(said).toEqual(was);
  expect(SHAPED_OPERATIONS.filter((op) => !seen.has(op))).toEqual([]);
});

test('of inputs that do not fit nothing is foretold, so that TensorFlow refuses them', () => {
  const { tf, backend } = tensorflow;
  tf.tidy(() => {
    const [two, three] = [tf.zeros([2]), tf.zeros([3])];
    for (const op of ['Add', 'AddN', 'MatMul', 'SoftmaxCrossEntropyWithLogits']) {
      expect(resultShapes(backend, { op, attributes: [], inputs: [two, three], valuesOf })).toBe(undefined);
    }
    expect(resultShapes(backend, { op: 'Unique', attributes: [], inputs: [two], valuesOf })).toBe(undefined);
  });
});

test('a body is recorded although its results would fit into no memory', () => {
  const { tf } = tensorflow;
  const weight = tf.variable(tf.ones([1, 2 ** 17]));
  const program = recordProgram(tensorflow, {
    variables: { weight },
    entries: {
      square: entry({
        inputs: { x: { shape: [2 ** 17, 1], dtype: 'float32' } },
        body: ({ x }) => {
          const loss = () => x.matMul(x.matMul(weight).square().softmax().matMul(x), true).asScalar(); // 64 GiB each
          const { value, grads } = tf.variableGrads(loss, [weight]);
          weight.assign(weight.sub(grads[weight.name]!));
          return { value };
        },
      }),
    },
  });
  expect([...program.read('weight').subarray(0, 2)]).toEqual([1, 1]);
  program.dispose();
  weight.dispose();
});
