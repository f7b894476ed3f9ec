import { expect, test } from 'vitest';
import { loadTensorFlow } from './load-tensorflow.js';
import { reportTensorFlow } from './tensorflow-report.js';
import { TensorFlowUnavailableError } from './tensorflow-unavailable-error.js';

test('TensorFlow loads once, on its native backend', async () => {
  const [first, second] = await Promise.all([loadTensorFlow(), loadTensorFlow()]);
  expect(first).toBe(second);
  expect(first.tf.getBackend()).toBe('tensorflow');
});

test('the report says what the native library says of itself', async () => {
  const tensorflow = await loadTensorFlow();
  const report = await reportTensorFlow(tensorflow);
  expect(report.tensorflow).toMatch(/^2\.\d+\.\d+$/u);
  expect(report.tfjs).toBe('4.22.0');
  expect(report.device).toBe(tensorflow.backend.binding.isUsingGpuDevice() ? 'cuda:0' : 'cpu');
  expect(report.deviceName).not.toBe('');
});

test('operations of tfjs-node that need functions which Node.js removed run', async () => {
  const { tf } = await loadTensorFlow();
  expect(tf.topk([3, 9, 5], 2).values.arraySync()).toEqual([9, 5]);
});

test('an addon that is missing is named with its remedy', () => {
  const error = new TensorFlowUnavailableError(new Error('libtensorflow.so.2: cannot open shared object file\nmore'));
  expect(error.code).toBe('tensorflow_unavailable');
  expect(error.message).toContain('libtensorflow.so.2: cannot open shared object file. Run `npm run setup`');
});
