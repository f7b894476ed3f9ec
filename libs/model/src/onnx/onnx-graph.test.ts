import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { DeviceUnavailableError } from './device-unavailable-error.js';
import { LanguageModelSession } from './language-model-session.js';
import { OnnxGraph } from './onnx-graph.js';

test('ONNX Runtime computes what was written, at any size of a named dimension', async () => {
  const graph = new OnnxGraph('affine');
  const x = graph.input('x', 'float', ['n', 2]);
  const weight = graph.initializer('weight', { shape: [2, 1], values: Float32Array.of(10, 1) });
  graph.output(graph.node('Gemm', [x, weight], { alpha: { f: 0.5 }, transA: { i: 0 } }, 'y'), 'float', ['n', 1]);
  const session = await InferenceSession.create(graph.encode());
  const run = async (values: number[]) => {
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(values), [values.length / 2, 2]) });
    return { shape: y?.dims, values: [...((y?.data ?? []) as Float32Array)] };
  };
  expect(await run([1, 2])).toEqual({ shape: [1, 1], values: [6] });
  expect(await run([1, 2, 3, 4])).toEqual({ shape: [2, 1], values: [6, 17] });
  await session.release();
});

test('lists of whole numbers reach an operator, and results are named if no name is given', async () => {
  const graph = new OnnxGraph('transpose');
  const x = graph.input('x', 'float', [1, 2]);
  const turned = graph.node('Transpose', [x], { perm: { ints: [1, 0] } });
  graph.output(turned, 'float', [2, 1]);
  const session = await InferenceSession.create(graph.encode());
  const results = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2), [1, 2]) });
  expect(results[turned]?.dims).toEqual([2, 1]);
  await session.release();
});

test('a graph within a graph sees the values outside, and its own names are its own', async () => {
  const graph = new OnnxGraph('powers');
  const x = graph.input('x', 'float', ['n']);
  const body = graph.subgraph('body');
  body.input('index', 'int64', []);
  const goOn = body.input('go_on', 'bool', []);
  const product = body.node('Mul', [body.input('power', 'float', ['n']), x], {}, 'y');
  body.output(body.node('Identity', [goOn]), 'bool', []);
  body.output(product, 'float', ['n']);
  body.output(body.node('Identity', [product]), 'float', ['n']);
  const [last, all] = graph.nodes('Loop', [graph.integer(3), '', x], { body: { g: body } }, ['y', 'all']);
  graph.output(last!, 'float', ['n']);
  graph.output(all!, 'float', ['steps', 'n']);
  const session = await InferenceSession.create(graph.encode());
  const results = await session.run({ x: new Tensor('float32', Float32Array.of(2, 3), [2]) });
  expect([...(results['y']!.data as Float32Array)]).toEqual([16, 81]);
  expect([...(results['all']!.data as Float32Array)]).toEqual([4, 9, 8, 27, 16, 81]);
  await session.release();
});

test("ONNX Runtime's own operators are in its own domain", async () => {
  const graph = new OnnxGraph('product');
  const x = graph.input('x', 'float', ['n', 2]);
  graph.output(graph.node('FusedMatMul', [x, x], { transB: { i: 1 } }, 'y'), 'float', ['n', 'n']);
  const session = await InferenceSession.create(graph.encode());
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]) });
  expect([...(y!.data as Float32Array)]).toEqual([5, 11, 11, 25]);
  await session.release();
});

test('a GPU that is not there is an error with its remedy, not a run on the CPU', async () => {
  const opening = LanguageModelSession.open(new OnnxGraph('empty').encode(), { device: 'cuda:99' });
  await expect(opening).rejects.toThrow(DeviceUnavailableError);
  await expect(opening).rejects.toThrow(/cuda:99.*npm run setup/);
});
