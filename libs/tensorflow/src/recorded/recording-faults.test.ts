import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-node-gpu';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { applyAdam } from './apply-adam.js';
import { entry, type EntryOutputs, type InputDeclaration } from './entry-declaration.js';
import { RecordedProgramError } from './program-errors.js';
import { recordProgram } from './recorded-program.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
let weight: Variable;
let tensorsBefore: number;

beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
  weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
});
afterEach(() => {
  weight.dispose();
});

/** Records one entry, `step`, whose input x is [3]; returns the error. */
function faultOf(
  body: (x: Tensor) => EntryOutputs | void,
  x: InputDeclaration = { shape: [3], dtype: 'float32' },
): RecordedProgramError {
  try {
    recordProgram(tensorflow, {
      variables: { weight },
      entries: { step: entry({ inputs: { x }, body: (inputs) => body(inputs.x) }) },
    }).dispose();
  } catch (error) {
    if (error instanceof RecordedProgramError) return error;
    throw error;
  }
  throw new Error('the program was recorded');
}

function fault(code: string, operation: string | undefined, words: RegExp) {
  return { code, operation, entry: 'step', message: expect.stringMatching(words) as string };
}

test('a read-back in the body is an error', () => {
  const error = faultOf((x) => ({ y: x.mul(x.dataSync()[0]!) }));
  expect(error).toMatchObject(
    fault('recording_read_back', undefined, /the body \(by dataSync.*return the tensor as an output/u),
  );
});

test('a read-back hidden in an operation is an error that names the operation', () => {
  const error = faultOf((x) => ({ y: tf.gather(weight, x.cast('int32')) }));
  expect(error).toMatchObject(fault('recording_read_back', 'gather', /tf\.gather reads .*gatherRows/u));
});

test('a promised read-back is an error although the body continues', () => {
  const error = faultOf((x) => {
    void x.data();
    return { y: x.square() };
  });
  expect(error).toMatchObject(fault('recording_read_back', undefined, /reads a tensor's values back/u));
});

test('a read-back is an error even if the body catches it', () => {
  const error = faultOf((x) => {
    try {
      x.arraySync();
    } catch {
      return { y: x.square() };
    }
  });
  expect(error).toMatchObject(fault('recording_read_back', undefined, /reads a tensor's values back/u));
});

test('the values of a constant may be read: no input can change them', () => {
  const program = recordProgram(tensorflow, {
    variables: {},
    entries: {
      pick: entry({
        inputs: { x: { shape: [3], dtype: 'float32' } },
        body: ({ x }) => ({ y: tf.gather(x, tf.tensor1d([2, 0], 'int32')) }),
      }),
    },
  });
  const { y } = program.run('pick', { x: Float32Array.of(5, 6, 7) });
  expect(y.arraySync()).toEqual([7, 5]);
  y.dispose();
  program.dispose();
});

test('a tensor made before the recording is an error, uploaded or not', () => {
  const fresh = tf.scalar(2);
  const computed = fresh.square();
  for (const outside of [fresh, computed]) {
    const error = faultOf((x) => ({ y: x.mul(outside) }));
    expect(error).toMatchObject(
      fault(
        'recording_outside_tensor',
        'Mul',
        /operation Mul \(tf\.mul\), input 1, takes a tensor .* input if it does/u,
      ),
    );
  }
  tf.dispose([fresh, computed]);
});

test('a tensor made before the recording is an error as an output and as an assigned value', () => {
  const outside = tf.tensor1d([7, 8, 9]);
  expect(faultOf(() => ({ y: outside }))).toMatchObject(
    fault('recording_outside_tensor', 'Identity', /output 'y' takes a tensor/u),
  );
  const assigning = faultOf(() => {
    weight.assign(outside);
  });
  expect(assigning).toMatchObject(
    fault('recording_outside_tensor', 'AssignVariableOp', /assignment of variable 'weight' takes a tensor/u),
  );
  outside.dispose();
});

test('a tensor that the first recording kept is an error in the second', () => {
  let kept: Tensor | undefined;
  const error = faultOf((x) => {
    kept ??= tf.keep(tf.ones([3]));
    return { y: x.add(kept) };
  });
  expect(error).toMatchObject(fault('recording_outside_tensor', 'Add', /made before the recording/u));
  kept?.dispose();
});

test('the tensor that a variable was made from is not mistaken for the variable', () => {
  const zeros = tf.zeros([3]);
  const first = tf.variable(zeros);
  expect(() =>
    recordProgram(tensorflow, {
      variables: { first },
      entries: { step: entry({ inputs: {}, body: () => ({ y: zeros.add(1) }) }) },
    }),
  ).toThrow(/made before the recording/u);
  tf.dispose([zeros, first]);
});

test('a variable that is read, assigned or made but not listed is an error that names it', () => {
  const other: Variable = tf.variable(tf.tensor1d([4, 5, 6]), true, 'other');
  expect(faultOf((x) => ({ y: x.add(other) }))).toMatchObject(
    fault('recording_undeclared_variable', 'Add', /takes the variable 'other'/u),
  );
  const assigning = faultOf((x) => {
    other.assign(x.square());
  });
  expect(assigning).toMatchObject(fault('recording_undeclared_variable', undefined, /assigns the variable 'other'/u));
  expect([...other.dataSync()]).toEqual([4, 5, 6]);
  const making = faultOf((x) => {
    tf.variable(x, true, 'new');
  });
  expect(making).toMatchObject(
    fault('recording_undeclared_variable', undefined, /makes the variable 'new'.*optimizer/u),
  );
  tf.engine().registeredVariables['new']?.dispose();
  const updating = faultOf((x) => {
    const one = tf.scalar(1);
    const rates = { rate: 1, beta1: 0.9, beta2: 0.99, beta1Power: one, beta2Power: one, epsilon: 1 };
    applyAdam(tensorflow, { variable: other, firstMoment: weight, secondMoment: weight, gradient: x, ...rates });
  });
  expect(updating).toMatchObject(
    fault('recording_undeclared_variable', 'ResourceApplyAdam', /changes the variable 'other'/u),
  );
  other.dispose();
});

test('a number from Math.random or a counter in JavaScript is an error that tells both values', () => {
  let count = 40;
  const counting = faultOf((x) => ({ y: x.mul(++count) }));
  expect(counting).toMatchObject(
    fault('recording_changed_constant', 'Mul', /constant of operation Mul \(tf\.mul\), input 1, was 41, and 42 when/u),
  );
  const drawing = faultOf((x) => ({ y: x.add(tf.tensor1d([0, 0, Math.random()])) }));
  expect(drawing).toMatchObject(fault('recording_changed_constant', 'Add', /at its value 2, and 0\.\d+ when/u));
});

test('the random functions of tfjs are errors, seeded or not, and name themselves', () => {
  const uniform = faultOf((x) => ({ y: x.add(tf.randomUniform([3], 0, 1, 'float32', 7)) }));
  expect(uniform).toMatchObject(
    fault('recording_random_operation', 'tf.randomUniform', /statelessUniform with a seed/u),
  );
  expect(faultOf((x) => ({ y: tf.dropout(x, 0.5, undefined, 7) }))).toMatchObject(
    fault('recording_random_operation', 'tf.randomUniform', /tf\.dropout/u),
  );
  const multinomial = faultOf((x) => ({ y: tf.multinomial(x.reshape<Tensor1D>([3]), 2, 7) }));
  expect(multinomial).toMatchObject(fault('recording_random_operation', 'Multinomial', /no input determines/u));
});

test('operations that differ from one recording to the next are an error', () => {
  let turn = 0;
  const path = faultOf((x) => ({ y: turn++ === 0 ? x.square() : x.sqrt() }));
  expect(path).toMatchObject(
    fault('recording_changed_graph', 'Square', /once it came to operation Square \(tf\.square\).* to operation Sqrt/u),
  );
  turn = 0;
  const length = faultOf((x) => ({ y: turn++ === 0 ? x.square() : x.square().sqrt() }));
  expect(length).toMatchObject(fault('recording_changed_graph', 'NoOp', /the end of the body.* to operation Sqrt/u));
  turn = 0;
  const attribute = faultOf((x) => ({
    y: tf.matMul(x.reshape([3, 1]), x.reshape([3, 1]), turn % 2 === 1, turn++ % 2 === 0),
  }));
  expect(attribute).toMatchObject(fault('recording_changed_shape', 'BatchMatMulV2', /shape \[3, 3\], and \[1, 1\]/u));
  turn = 0;
  const input = faultOf((x) => ({ y: turn++ === 0 ? x.sub(weight.mul(2)) : weight.mul(2).sub(x) }));
  expect(input).toMatchObject(fault('recording_changed_graph', 'Sub', /took other inputs when/u));
});

test('a shape that depends on values is an error', () => {
  const examples = [Float32Array.of(1, 1, 1), Float32Array.of(1, 2, 1)] as const;
  const error = faultOf((x) => ({ y: tf.unique(x).values }), { shape: [3], dtype: 'float32', examples });
  expect(error).toMatchObject(
    fault('recording_changed_shape', 'UniqueV2', /shape \[1\] and \[3\], and \[2\] and \[3\] when/u),
  );
});

test('an attribute that a graph needs and eager execution infers is an error that names it', () => {
  const error = faultOf((x) => ({ y: tensorflow.backend.executeSingleOutput('Square', [], [x]) }));
  expect(error).toMatchObject(
    fault(
      'recording_missing_attribute',
      'Square',
      /operation Square was given no attribute 'T'.*\{ name: 'T', type: backend/u,
    ),
  );
});

test('an attribute of a wrong kind is an error', () => {
  const attribute = { name: 'T', type: 99, value: 1 };
  const error = faultOf((x) => ({ y: tensorflow.backend.executeSingleOutput('Square', [attribute], [x]) }));
  expect(error).toMatchObject(
    fault('recording_unsupported', 'Square', /attribute 'T' of operation Square has the kind 99/u),
  );
});

test('an operation that fails on the examples says so, and other examples mend it', () => {
  const x: InputDeclaration = { shape: [], dtype: 'int32' };
  const body = (divisor: Tensor) => ({ y: tf.floorDiv(tf.scalar(12, 'int32'), divisor) });
  expect(faultOf(body, x)).toMatchObject(
    fault('recording_operation_failed', 'FloorDiv', /example inputs.*`examples`/su),
  );
  const program = recordProgram(tensorflow, {
    variables: {},
    entries: { divide: entry({ inputs: { x: { ...x, examples: [1, 2] } }, body: (inputs) => body(inputs.x) }) },
  });
  expect(program.runNumbers('divide', { x: 4 })).toEqual({ y: 3 });
  program.dispose();
});

test('a body that is asynchronous or returns something other than named tensors is an error', () => {
  const returning = (value: unknown) => faultOf(() => value as EntryOutputs);
  expect(returning(Promise.resolve({}))).toMatchObject(
    fault('program_declaration_invalid', undefined, /asynchronous/u),
  );
  expect(returning(3)).toMatchObject(fault('program_declaration_invalid', undefined, /by name, such as/u));
  expect(returning({ y: 3 })).toMatchObject(
    fault('program_declaration_invalid', undefined, /output 'y' is no tensor/u),
  );
  expect(faultOf((x) => ({ 'a,b': x }))).toMatchObject(
    fault('program_declaration_invalid', undefined, /output name 'a,b'/u),
  );
});

test('what a body throws itself comes through', () => {
  expect(() =>
    faultOf(() => {
      throw new RangeError('mine');
    }),
  ).toThrow(new RangeError('mine'));
});

test('a program inside a body is an error', () => {
  const inner = recordProgram(tensorflow, {
    variables: {},
    entries: { one: entry({ inputs: {}, body: () => ({ y: tf.scalar(1) }) }) },
  });
  expect(faultOf(() => inner.run('one', {}))).toMatchObject({ code: 'recording_unsupported' });
  expect(faultOf(() => recordProgram(tensorflow, { variables: {}, entries: {} }) as unknown as void)).toMatchObject({
    code: 'recording_unsupported',
  });
  inner.dispose();
});

test('names, shapes and variables that a graph cannot have are errors', () => {
  const record =
    (name: string, x: InputDeclaration, variables: Record<string, Variable> = {}) =>
    () =>
      recordProgram(tensorflow, { variables, entries: { [name]: entry({ inputs: { x }, body: () => ({}) }) } });
  const good: InputDeclaration = { shape: [3], dtype: 'float32' };
  expect(record('a b', good)).toThrow(/entry name 'a b'/u);
  expect(record('step', { shape: [0], dtype: 'float32' })).toThrow(/input 'x' has a dimension of 0/u);
  expect(record('step', { shape: [3], dtype: 'string' as 'bool' })).toThrow(/input 'x' is string/u);
  expect(record('step', good, { 'a:b': weight })).toThrow(/variable name 'a:b'/u);
  expect(record('step', good, { a: weight, b: weight })).toThrow(/'b' is the same as 'a'/u);
  expect(record('step', { ...good, examples: [1, 2] })).toThrow(/input 'x' must be float32 of shape \[3\]/u);
});

test('a recording that fails leaves no tensor and no session, and variables and backend as they were', () => {
  const sessions = tensorflow.backend.getNumOfSavedModels();
  const before = tf.memory().numTensors;
  expect(before).toBe(tensorsBefore + 1);
  faultOf((x) => {
    weight.assign(x.square());
    return { y: x.mul(x.square().dataSync()[0]!) };
  });
  faultOf((x) => ({ y: tensorflow.backend.executeSingleOutput('Square', [], [x]) }));
  expect([...weight.dataSync()]).toEqual([1, 2, 3]);
  expect(tf.memory().numTensors).toBe(before);
  expect(tensorflow.backend.getNumOfSavedModels()).toBe(sessions);
  expect(Object.keys(tensorflow.backend)).not.toContain('executeSingleOutput');
});
