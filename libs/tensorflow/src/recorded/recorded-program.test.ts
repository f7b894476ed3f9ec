import type { Scalar, Variable } from '@tensorflow/tfjs-node-gpu';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { entry } from './entry-declaration.js';
import { RecordedProgramError } from './program-errors.js';
import { recordProgram } from './recorded-program.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
let weight: Variable;
let program: ReturnType<typeof recordLine>;

beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});
beforeEach(() => {
  weight = tf.tidy(() => tf.variable(tf.tensor1d([1, -2])));
  program = recordLine();
});
afterEach(() => {
  program.dispose();
  weight.dispose();
});

/** w of [2] with a step of gradient descent towards a target, an evaluation, and a swap of two variables. */
function recordLine(factor = 1) {
  return recordProgram(tensorflow, {
    variables: { weight },
    entries: {
      train: entry({
        inputs: { target: { shape: [2], dtype: 'float32' }, rate: { shape: [], dtype: 'float32' } },
        body: ({ target, rate }) => {
          const { value, grads } = tf.variableGrads(
            () => weight.sub(target).square().sum().mul<Scalar>(factor),
            [weight],
          );
          weight.assign(weight.sub(grads[weight.name]!.mul(rate)));
          return { loss: value, norm: grads[weight.name]!.norm() };
        },
      }),
      evaluate: entry({
        inputs: { x: { shape: [2, 2], dtype: 'int32' }, flip: { shape: [], dtype: 'bool' } },
        body: ({ x, flip }) => ({ y: tf.where(flip, x.neg(), x).cast('float32').mul(weight), x }),
      }),
      reset: entry({
        inputs: { value: { shape: [2], dtype: 'float32' } },
        body: ({ value }) => {
          weight.assign(value);
        },
      }),
    },
  });
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (error instanceof RecordedProgramError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

test('recording is no step: variables keep their very data, and the program starts from it', () => {
  const { dataId } = weight;
  const other = recordLine();
  expect(weight.dataId).toBe(dataId);
  expect([...weight.dataSync()]).toEqual([1, -2]);
  expect([...other.read('weight')]).toEqual([1, -2]);
  other.dispose();
});

test('a run takes one step of the variables that all entries share', () => {
  expect(program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.25 })).toEqual({
    loss: 5,
    norm: expect.closeTo(20 ** 0.5, 5) as number,
  });
  expect([...program.read('weight')]).toEqual([0.5, -1]);
  const { y, x } = program.run('evaluate', { x: Int32Array.of(1, 2, 3, 4), flip: true });
  expect(y.arraySync()).toEqual([
    [-0.5, 2],
    [-1.5, 4],
  ]);
  expect(x.arraySync()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(x.dtype).toBe('int32');
  tf.dispose([x, y]);
});

test('a rate, like every input, is what the run is given', () => {
  program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0 });
  expect([...program.read('weight')]).toEqual([1, -2]);
  program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.5 });
  expect([...program.read('weight')]).toEqual([0, 0]);
});

test('the tfjs variables stay where they were when the program continues', () => {
  program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.25 });
  expect([...weight.dataSync()]).toEqual([1, -2]);
});

test('the tfjs variables may be disposed once the program is recorded', () => {
  const other = recordLine();
  weight.dispose();
  expect(other.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.25 }).loss).toBe(5);
  other.dispose();
});

test('variables are written and read by copy, whatever the alignment of the array', () => {
  for (let offset = 0; offset < 128; offset += 4) {
    const array = new Float32Array(new ArrayBuffer(256), offset, 2);
    array.set([3, 4]);
    program.write('weight', array);
    program.writeAll({ weight: array });
    array.fill(9);
    const read = program.read('weight');
    expect([...read]).toEqual([3, 4]);
    read.fill(7);
    expect([...program.readAll().weight]).toEqual([3, 4]);
  }
});

test('what an entry assigns or returns is a copy of what it was given', () => {
  for (let offset = 0; offset < 128; offset += 4) {
    const value = new Float32Array(new ArrayBuffer(256), offset, 2);
    const x = new Int32Array(new ArrayBuffer(256), offset, 4);
    value.set([3, 4]);
    program.run('reset', { value });
    value.fill(9);
    expect([...program.read('weight')]).toEqual([3, 4]);
    const outputs = program.run('evaluate', { x, flip: false });
    x.fill(9);
    expect([...outputs.x.dataSync()]).toEqual([0, 0, 0, 0]);
    tf.dispose(outputs);
  }
});

test('an output keeps its values when the variable that it came from continues', () => {
  const peek = recordProgram(tensorflow, {
    variables: { weight },
    entries: {
      peek: entry({ inputs: {}, body: () => ({ weight }) }),
      add: entry({
        inputs: {},
        body: () => {
          const before = weight.clone();
          weight.assign(weight.add(1));
          return { before, after: weight };
        },
      }),
    },
  });
  const { weight: first } = peek.run('peek', {});
  const { before, after } = peek.run('add', {});
  peek.run('add', {});
  expect([first, before, after].map((tensor) => tensor.arraySync())).toEqual([
    [1, -2],
    [1, -2],
    [2, -1],
  ]);
  tf.dispose([first, before, after]);
  peek.dispose();
});

test('two variables can be swapped', () => {
  const other: Variable = tf.tidy(() => tf.variable(tf.tensor1d([5, 6])));
  const swapping = recordProgram(tensorflow, {
    variables: { weight, other },
    entries: {
      swap: entry({
        inputs: {},
        body: () => {
          const kept = weight.clone();
          weight.assign(other);
          other.assign(kept);
        },
      }),
    },
  });
  expect(swapping.run('swap', {})).toEqual({});
  expect(swapping.readAll()).toEqual({ weight: Float32Array.of(5, 6), other: Float32Array.of(1, -2) });
  swapping.run('swap', {});
  expect(swapping.readAll()).toEqual({ weight: Float32Array.of(1, -2), other: Float32Array.of(5, 6) });
  expect(swapping.readAll(['other'])).toEqual({ other: Float32Array.of(5, 6) });
  swapping.dispose();
  other.dispose();
});

test('a tensor is taken for an input as well as an array', () => {
  const target = tf.zeros([2]);
  const rate = tf.scalar(0.25);
  expect(program.runNumbers('train', { target, rate }).loss).toBe(5);
  expect(target.dataSync()).toEqual(Float32Array.of(0, 0));
  tf.dispose([target, rate]);
});

test('an input that is not as declared is an error that says what was wanted and given', () => {
  const rate = 0.1;
  const target = Float32Array.of(0, 0);
  const wanted =
    "program_input_invalid: Entry 'train': input 'target' must be float32 of shape [2]: Float32Array of 2, or such a tensor.";
  const given = (value: unknown) => codeOf(() => program.runNumbers('train', { rate, target: value as Float32Array }));
  expect(given(new Float32Array(3))).toContain(`${wanted} Given: Float32Array of 3.`);
  expect(given(new Int32Array(2))).toContain(`${wanted} Given: Int32Array of 2.`);
  expect(given([0, 0])).toContain(`${wanted} Given: a plain array.`);
  expect(given(0)).toContain(`${wanted} Given: the number 0.`);
  expect(given(undefined)).toContain(`${wanted} Given: nothing.`);
  expect(given(weight.reshape([2, 1]))).toContain(`${wanted} Given: a tensor of float32 of shape [2, 1].`);
  expect(given(weight.cast('int32'))).toContain(`${wanted} Given: a tensor of int32 of shape [2].`);
  const scalar = (value: unknown) => codeOf(() => program.runNumbers('train', { target, rate: value as number }));
  expect(scalar(true)).toContain(
    "input 'rate' must be float32 of shape []: a number, or such a tensor. Given: the boolean true.",
  );
  // @ts-expect-error The compiler knows the declared type: an Int32Array is no float32.
  expect(codeOf(() => program.runNumbers('train', { rate, target: new Int32Array(2) }))).toContain(wanted);
  const extra = { target, rate, seed: 3 };
  expect(codeOf(() => program.runNumbers('train', extra))).toContain(
    "there is no input 'seed'. The declared inputs are: target, rate.",
  );
  expect(codeOf(() => program.runNumbers('trian' as 'train', extra))).toContain(
    "there is no entry 'trian'. The program's are: train, evaluate, reset.",
  );
  expect([...program.read('weight')]).toEqual([1, -2]);
});

test('a fraction or a number beyond 32 bits is no int32', () => {
  const counting = recordProgram(tensorflow, {
    variables: {},
    entries: { twice: entry({ inputs: { n: { shape: [], dtype: 'int32' } }, body: ({ n }) => ({ m: n.mul(2) }) }) },
  });
  expect(counting.runNumbers('twice', { n: -3 })).toEqual({ m: -6 });
  expect(codeOf(() => counting.runNumbers('twice', { n: 1.5 }))).toContain('Given: the number 1.5.');
  expect(codeOf(() => counting.runNumbers('twice', { n: 2 ** 31 }))).toContain('Given: the number 2147483648.');
  counting.dispose();
});

test('numbers are asked only of scalars', () => {
  const inputs = { x: new Int32Array(4), flip: false };
  expect(codeOf(() => program.runNumbers('evaluate', inputs))).toContain(
    "the output 'y' has the shape [2, 2] and is no number. Use run()",
  );
});

test('a variable that is unknown, missing or of another shape is not written', () => {
  expect(codeOf(() => program.read('wieght' as 'weight'))).toContain(
    "there is no variable 'wieght'. The program's are: weight.",
  );
  expect(codeOf(() => program.write('weight', new Float32Array(3)))).toContain(
    "variable 'weight' must be float32 of shape [2]",
  );
  expect(codeOf(() => program.writeAll({} as { weight: Float32Array }))).toContain(
    "a value for variable 'weight' is missing",
  );
  expect([...program.read('weight')]).toEqual([1, -2]);
});

test('the hash is of the graph: the same for the same steps, another for another constant, none of the values', () => {
  weight.assign(tf.tensor1d([8, 9]));
  const same = recordLine();
  const different = recordLine(2);
  expect(program.graphHash).toMatch(/^[0-9a-f]{64}$/u);
  expect(same.graphHash).toBe(program.graphHash);
  expect(different.graphHash).not.toBe(program.graphHash);
  same.dispose();
  different.dispose();
});

test('the first run of an entry is reported apart as its compile time', () => {
  expect(program.compileMs).toEqual({});
  program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.25 });
  const { train } = program.compileMs;
  program.runNumbers('train', { target: Float32Array.of(0, 0), rate: 0.25 });
  expect(train).toBeGreaterThan(0);
  expect(program.compileMs).toEqual({ train });
});

test('dispose frees the session, and what comes after is an error', () => {
  const sessions = tensorflow.backend.getNumOfSavedModels();
  program.dispose();
  program.dispose();
  expect(tensorflow.backend.getNumOfSavedModels()).toBe(sessions - 1);
  expect(codeOf(() => program.read('weight'))).toContain('program_disposed');
  expect(codeOf(() => program.run('evaluate', { x: new Int32Array(4), flip: false }))).toContain(
    "program_disposed: Entry 'evaluate'",
  );
});

test('no folder stays behind', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recorded-program-test-'));
  vi.stubEnv('TMPDIR', folder);
  recordLine().dispose();
  vi.unstubAllEnvs();
  expect(readdirSync(folder)).toEqual([]);
  rmdirSync(folder);
});

test('a run that TensorFlow fails says so and leaves the program usable', () => {
  const gathering = recordProgram(tensorflow, {
    variables: {},
    entries: {
      invert: entry({
        inputs: { n: { shape: [], dtype: 'int32', examples: [1, 2] } },
        body: ({ n }) => ({ m: tf.scalar(6, 'int32').floorDiv(n) }),
      }),
    },
  });
  expect(codeOf(() => gathering.runNumbers('invert', { n: 0 }))).toMatch(
    /^program_run_failed: Entry 'invert': TensorFlow failed: .*zero/u,
  );
  expect(gathering.runNumbers('invert', { n: 2 })).toEqual({ m: 3 });
  gathering.dispose();
});

test('an optimizer of tfjs is recorded once its first step has made its variables and they are listed', () => {
  const before = new Set(Object.keys(tf.engine().registeredVariables));
  const optimizer = tf.train.adam(0.1);
  const loss = () => weight.square().sum<Scalar>();
  const step = () => optimizer.minimize(loss, true, [weight])!;
  tf.tidy(() => void step());
  const made = Object.entries(tf.engine().registeredVariables).filter(([name]) => !before.has(name));
  const variables = { weight, ...Object.fromEntries(made.map(([, variable], index) => [`adam/${index}`, variable])) };
  const training = recordProgram(tensorflow, {
    variables,
    entries: { train: entry({ inputs: {}, body: () => ({ loss: step() }) }) },
  });
  const recorded = [1, 2, 3].map(() => training.runNumbers('train', {}).loss);
  const eager = [1, 2, 3].map(() => tf.tidy(() => step().dataSync()[0]!));
  expect(recorded).toEqual(eager.map((value) => expect.closeTo(value, 5) as number));
  expect(made.length).toBeGreaterThan(0);
  training.dispose();
  optimizer.dispose();
});
