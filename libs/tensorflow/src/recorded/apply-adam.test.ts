import type { Variable } from '@tensorflow/tfjs-node-gpu';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { applyAdam } from './apply-adam.js';
import { entry, type EntryOutputs } from './entry-declaration.js';
import { recordProgram } from './recorded-program.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
let state: Record<'weight' | 'first' | 'second', Variable>;

beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});
beforeEach(() => {
  state = tf.tidy(() => ({
    weight: tf.variable(tf.tensor1d([1, -2])),
    first: tf.variable(tf.tensor1d([0, 0])),
    second: tf.variable(tf.tensor1d([0, 0])),
  }));
});
afterEach(() => tf.dispose(state));

function update(gradient: number[]): void {
  const { weight: variable, first: firstMoment, second: secondMoment } = state;
  const rates = { rate: 0.1, beta1: 0.9, beta2: 0.99, beta1Power: 0.9, beta2Power: 0.99, epsilon: 1e-9 };
  tf.tidy(() =>
    applyAdam(tensorflow, { variable, firstMoment, secondMoment, gradient: tf.tensor1d(gradient), ...rates }),
  );
}

function record(body: () => EntryOutputs | void) {
  return recordProgram(tensorflow, { variables: state, entries: { step: entry({ inputs: {}, body }) } });
}

/** What one run of the body leaves in the variables, recorded and eager. */
function bothWays(body: () => EntryOutputs | void) {
  const program = record(body);
  tf.dispose(program.run('step', {}) as object as Record<string, never>);
  const recorded = program.readAll();
  program.dispose();
  tf.tidy(() => void body());
  const { weight, first, second } = state;
  return { recorded, eager: { weight: weight.dataSync(), first: first.dataSync(), second: second.dataSync() } };
}

function near(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => expect.closeTo(value, 6) as number);
}

test('the first step of Adam goes by the rate, whatever the gradient is', () => {
  const { recorded } = bothWays(() => update([5, -0.01]));
  expect([...recorded.weight]).toEqual(near([0.9, -1.9]));
  expect([...recorded.first]).toEqual(near([0.5, -0.001]));
  expect([...recorded.second]).toEqual(near([0.25, 0.000001]));
});

test('a variable that was assigned before, as by weight decay, is updated from what was assigned', () => {
  const { recorded, eager } = bothWays(() => {
    state.weight.assign(state.weight.mul(0.5));
    update([5, -0.01]);
  });
  expect([...recorded.weight]).toEqual(near([0.4, -0.9]));
  expect([...recorded.weight]).toEqual(near(eager.weight));
});

test('a variable may be read, updated, assigned and updated again in one body', () => {
  const { recorded, eager } = bothWays(() => {
    const before = state.weight.clone();
    update([5, -0.01]);
    state.weight.assign(state.weight.add(before));
    update([-3, 1]);
    state.first.assign(state.first.add(before));
  });
  expect([...recorded.weight]).toEqual(near(eager.weight));
  expect([...recorded.first]).toEqual(near(eager.first));
  expect([...recorded.second]).toEqual(near(eager.second));
});

test('what was read before the update keeps its values, even when the memory is updated in place', () => {
  const program = record(() => {
    const before = state.weight.clone();
    update([5, -0.01]);
    return { before, after: state.weight };
  });
  const runs = [program.run('step', {}), program.run('step', {}), program.run('step', {})];
  const values = runs.map(({ before, after }) => [before!.arraySync(), after!.arraySync()]);
  expect(values[0]).toEqual([near([1, -2]), near([0.9, -1.9])]);
  expect(values[1]![0]).toEqual(values[0]![1]);
  expect(values[2]![0]).toEqual(values[1]![1]);
  tf.dispose(runs);
  program.dispose();
});
