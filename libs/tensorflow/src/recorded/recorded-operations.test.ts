import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { entry } from './entry-declaration.js';
import { recordProgram } from './recorded-program.js';
import { statelessUniform } from './stateless-uniform.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});
/** What a body may do with x float32 [4, 6], positive, and ids int32 [4] below 6. */
const operations: Record<string, (x: Tensor, ids: Tensor) => Tensor> = {
  abs: (x) => x.neg().abs(),
  add: (x) => x.add(x.sum(0)).add(2),
  all: (x) => x.greater(0.1).all(1),
  argMax: (x) => x.argMax(-1),
  batchMatMul: (x) => x.reshape([2, 2, 6]).matMul(x.reshape([2, 2, 6]), false, true),
  broadcastTo: (x) => x.sum(0).broadcastTo([3, 6]),
  cast: (x) => x.mul(5).cast('int32').cast('bool'),
  clip: (x) => x.clipByValue(0.2, 0.6),
  concat: (x) => tf.concat([x, x.mul(2)], 1),
  conv2d: (x) => tf.conv2d(x.reshape<Tensor4D>([1, 4, 6, 1]), tf.ones([2, 2, 1, 3]), 1, 'same'),
  cumsum: (x) => x.cumsum(1),
  div: (x) => x.div(x.sum()).divNoNan(tf.zeros([6])),
  einsum: (x) => tf.einsum('ij,kj->ik', x, x),
  elu: (x) => x.sub(0.5).elu(),
  equal: (_x, ids) => ids.equal(2),
  erf: (x) => x.erf(),
  exp: (x) => x.exp().log1p().expm1(),
  expandDims: (x, ids) => x.expandDims(1).mul(ids.cast('float32').expandDims(1).expandDims(2)),
  eye: (x) => tf.eye(4).matMul(x),
  floor: (x) => x.mul(9).floor().add(x.ceil()).add(x.round()),
  gatherND: (x) =>
    tf.gatherND(
      x,
      tf.tensor2d(
        [
          [1, 2],
          [3, 0],
        ],
        [2, 2],
        'int32',
      ),
    ),
  leakyRelu: (x) => x.sub(0.5).leakyRelu(0.1),
  linspace: (x) => x.add(tf.linspace(0, 1, 6)),
  logicalAnd: (x) => x.greater(0.3).logicalAnd(x.less(0.7)).logicalNot(),
  logSoftmax: (x) => tf.logSoftmax(x),
  logSumExp: (x) => x.logSumExp(1, true),
  matMul: (x) => x.matMul(x, true),
  max: (x) => x.max(0).add(x.min(0)).mul(x.prod(0)),
  maximum: (x) => x.maximum(0.5).minimum(x.mul(2)),
  mean: (x) => x.mean([0, 1], true),
  mirrorPad: (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 1],
        [2, 0],
      ],
      'reflect',
    ),
  mod: (x) => x.mod(0.3),
  moments: (x) => tf.moments(x, 1).variance,
  norm: (x) => x.norm(2, 1),
  oneHot: (_x, ids) => tf.oneHot(ids, 6),
  pad: (x) =>
    x.pad(
      [
        [1, 0],
        [0, 2],
      ],
      7,
    ),
  pow: (x) => x.pow(3).add(x.pow(x)),
  prelu: (x) => x.sub(0.5).prelu(tf.scalar(0.2)),
  range: (x) => x.mul(tf.range(0, 6)),
  relu: (x) => x.sub(0.5).relu().add(x.relu6()),
  reverse: (x) => x.reverse(1),
  rsqrt: (x) => x.rsqrt().add(x.sqrt()).add(x.reciprocal()),
  scatterND: (x) => tf.scatterND(tf.tensor2d([[3], [0]], [2, 1], 'int32'), x.slice([0, 0], [2, 6]), [5, 6]),
  selu: (x) => x.sub(0.5).selu(),
  sigmoid: (x) => x.sigmoid().add(x.logSigmoid()),
  sign: (x) => x.sub(0.5).sign(),
  sin: (x) => x.sin().add(x.cos()).add(x.tan()).add(x.asin()).add(x.atan()),
  slice: (x) => x.slice([1, 2], [2, 3]),
  softmax: (x) => x.softmax(),
  softplus: (x) => x.softplus().add(x.tanh()),
  split: (x) => tf.split(x, 3, 1)[1]!.sub(tf.split(x, [1, 4, 1], 1)[0]!),
  square: (x) => x.square().add(x.squaredDifference(tf.scalar(0.5))),
  squeeze: (x) => x.reshape([4, 1, 6]).squeeze([1]),
  stack: (x) => tf.stack([x, x.mul(2)], 1),
  statelessUniform: (_x, ids) => statelessUniform(tensorflow, [3, 2], ids.slice(0, 2)),
  step: (x) => x.sub(0.5).step(0.1),
  stridedSlice: (x) => x.stridedSlice([0, 1], [4, 6], [2, 2]),
  tile: (x) => x.tile([2, 1]),
  topk: (x) => tf.topk(x, 3).values,
  transpose: (x) => x.reshape([2, 2, 6]).transpose([2, 0, 1]),
  triangle: (x) => tf.linalg.bandPart(x.matMul<Tensor2D>(x, true), -1, 0),
  unsortedSegmentSum: (x, ids) => tf.unsortedSegmentSum(x, ids.as1D(), 6),
  unstack: (x) => tf.unstack(x, 1)[4]!,
  where: (x) => tf.where(x.greater(0.5), x, tf.zerosLike(x)).add(tf.onesLike(x)),
};

test.each(Object.keys(operations))('%s yields recorded what it yields eagerly', (name) => {
  const body = operations[name]!;
  const values = Float32Array.from({ length: 24 }, (_, index) => ((index * 7) % 24) / 25 + 0.01);
  const numbers = Int32Array.of(5, 0, 3, 2);
  const tensors = tf.memory().numTensors;
  const program = recordProgram(tensorflow, {
    variables: {},
    entries: {
      compute: entry({
        inputs: { x: { shape: [4, 6], dtype: 'float32' }, ids: { shape: [4], dtype: 'int32' } },
        body: ({ x, ids }) => ({ result: body(x, ids) }),
      }),
    },
  });
  const { result } = program.run('compute', { x: values, ids: numbers });
  const eager = tf.tidy(() => body(tf.tensor2d(values, [4, 6]), tf.tensor1d(numbers)));
  expect([result.dtype, result.shape]).toEqual([eager.dtype, eager.shape]);
  const wanted = [...eager.dataSync()].map((value) => expect.closeTo(value, 5) as number);
  expect([...result.dataSync()]).toEqual(wanted);
  tf.dispose([result, eager]);
  program.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});
