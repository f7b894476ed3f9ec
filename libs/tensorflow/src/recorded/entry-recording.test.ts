import type { Variable } from '@tensorflow/tfjs-node-gpu';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { applyAdam } from './apply-adam.js';
import { entry, type EntryOutputs } from './entry-declaration.js';
import { recordEntry } from './entry-recording.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
let variables: Record<'a' | 'b' | 'c', Variable>;

beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});
beforeEach(() => {
  variables = tf.tidy(() => ({
    a: tf.variable(tf.ones([2])),
    b: tf.variable(tf.ones([2])),
    c: tf.variable(tf.ones([2])),
  }));
});
afterEach(() => tf.dispose(variables));

function record(body: () => EntryOutputs | void) {
  const { nodes, fetches } = recordEntry(tensorflow, 'step', entry({ inputs: {}, body }), {}, variables, 0);
  return { nodes, fetches, find: (op: string) => nodes.filter((node) => node.op === op) };
}

test('each assignment follows the read of the variable, and each output follows the assignments', () => {
  const { nodes, fetches, find } = record(() => {
    variables.a.assign(variables.b);
    variables.b.assign(variables.b.mul(2));
    return { y: variables.c.clone() };
  });
  const reads = new Map(find('ReadVariableOp').map(({ name, input }) => [input[0], name]));
  const assignments = find('AssignVariableOp');
  expect(assignments.map(({ input }) => input[0])).toEqual(['variable/a', 'variable/b']);
  expect(assignments.map(({ input }) => input[2])).toEqual([
    `^${reads.get('variable/a')}`,
    `^${reads.get('variable/b')}`,
  ]);
  expect(assignments[0]?.input[1]).toBe(reads.get('variable/b'));
  const end = find('NoOp')[0];
  expect(end?.input).toEqual(assignments.map(({ name }) => `^${name}`));
  const output = nodes.find(({ name }) => name === fetches[0]);
  expect(output?.input).toEqual([reads.get('variable/c'), `^${end?.name}`]);
});

test('an update in place follows what was read and assigned before it, and what is read later follows the update', () => {
  const { find } = record(() => {
    variables.a.assign(variables.a.mul(0.5));
    const [variable, firstMoment, secondMoment, gradient] = [variables.a, variables.b, variables.c, tf.ones([2])];
    const rates = { rate: 0.1, beta1: 0.9, beta2: 0.99, beta1Power: 0.9, beta2Power: 0.99, epsilon: 1e-9 };
    applyAdam(tensorflow, { variable, firstMoment, secondMoment, gradient, ...rates });
    return { y: variables.a };
  });
  const [assignment] = find('AssignVariableOp');
  const [update] = find('ResourceApplyAdam');
  const readsOfA = find('ReadVariableOp').filter(({ input }) => input[0] === 'variable/a');
  expect(find('Sqrt')).toEqual([]);
  expect(readsOfA.map(({ input }) => input.slice(1))).toEqual([[], [`^${assignment?.name}`], [`^${update?.name}`]]);
  expect(assignment?.input.at(-1)).toBe(`^${readsOfA[0]?.name}`);
  expect(update?.input).toContain(`^${readsOfA[1]?.name}`);
});

test('a body that does nothing still has something to fetch', () => {
  const { nodes, fetches } = record(() => undefined);
  expect(fetches).toEqual([nodes.at(-1)?.name]);
});

test('an entry that is kept away from XLA is so with every node, and another with none', () => {
  const body = () => ({ y: variables.a.mul(2) });
  const marks = [true, false].map((xla) => {
    const { nodes } = recordEntry(tensorflow, 'step', entry({ inputs: {}, xla, body }), {}, variables, 0);
    return Array.from(new Set(nodes.map(({ attr }) => attr['_XlaCompile']?.b)));
  });
  expect(marks).toEqual([[undefined], [false]]);
});
