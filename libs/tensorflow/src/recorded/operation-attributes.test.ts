import { expect, test } from 'vitest';
import { loadTensorFlow } from '../load-tensorflow.js';
import { drawsFromHiddenState, nodeAttributes } from './operation-attributes.js';

test('random numbers that are a function of their seed stay out of XLA, which would draw others', async () => {
  const { backend } = await loadTensorFlow();
  const passed = [{ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_INT32 }];
  const attributes = nodeAttributes(backend, 'train', 'StatelessRandomUniform', passed, []);
  expect(attributes).toEqual({ T: { type: 3 }, _XlaCompile: { b: false } });
  expect(nodeAttributes(backend, 'train', 'Square', passed, [])).toEqual({ T: { type: 3 } });
});

test('every kind of attribute is written as the graph knows it', async () => {
  const { backend } = await loadTensorFlow();
  const { TF_ATTR_STRING, TF_ATTR_INT, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_SHAPE } = backend.binding;
  const passed = [
    { name: 'text', type: TF_ATTR_STRING, value: 'VALID' },
    { name: 'axis', type: TF_ATTR_INT, value: -1 },
    { name: 'strides', type: TF_ATTR_INT, value: [1, 2] },
    { name: 'alpha', type: TF_ATTR_FLOAT, value: 0.5 },
    { name: 'keep', type: TF_ATTR_BOOL, value: false },
    { name: 'shape', type: TF_ATTR_SHAPE, value: [3, 4] },
  ];
  expect(nodeAttributes(backend, 'train', 'Any', passed, [])).toEqual({
    text: { s: new TextEncoder().encode('VALID') },
    axis: { i: -1 },
    strides: { list: { i: [1, 2] } },
    alpha: { f: 0.5 },
    keep: { b: false },
    shape: { shape: { dim: [{ size: 3 }, { size: 4 }] } },
  });
});

test('stateful random operations are told from stateless ones', () => {
  const stateful = ['Multinomial', 'RandomUniform', 'RandomStandardNormal', 'TruncatedNormal', 'StatefulUniform'];
  expect(stateful.filter(drawsFromHiddenState)).toEqual(stateful);
  expect(['StatelessRandomUniform', 'StatelessTruncatedNormal', 'Square'].filter(drawsFromHiddenState)).toEqual([]);
});
