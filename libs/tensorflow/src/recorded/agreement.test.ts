import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../load-tensorflow.js';
import { gatherRows } from '../operations.js';
import { applyAdam } from './apply-adam.js';
import { entry } from './entry-declaration.js';
import { recordProgram } from './recorded-program.js';
import { statelessUniform } from './stateless-uniform.js';

let tensorflow: TensorFlow;
let tf: TensorFlow['tf'];
beforeAll(async () => {
  tensorflow = await loadTensorFlow();
  ({ tf } = tensorflow);
});

const batch = 4;
const length = 6;
const classes = 7;
const width = 8;

interface Model {
  readonly weights: Record<string, Variable>;
  /** tokens int32 [batch, length], seed int32 [2] → logits [batch · length, classes] */
  logits(tokens: Tensor, seed: Tensor): Tensor;
}

type Update = typeof updateInPlainTfjs;

test('a table of next-token logits learns the same, step by step, recorded and eager', () => {
  const { losses, differences } = learnBothWays(table(), updateInPlainTfjs);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(differences.losses).toBeLessThan(1e-5);
  expect(differences.variables).toBeLessThan(2e-4);
});

test('a multilayer perceptron with dropout learns the same, step by step, recorded and eager', () => {
  const { losses, differences } = learnBothWays(perceptron(), updateInPlainTfjs);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(differences.losses).toBeLessThan(1e-5);
  expect(differences.variables).toBeLessThan(2e-4);
});

test('an attention block with dropout learns the same, step by step, recorded and eager', () => {
  const { losses, differences } = learnBothWays(attention(), updateInPlainTfjs);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(differences.losses).toBeLessThan(1e-5);
  expect(differences.variables).toBeLessThan(2e-4);
});

test('an attention block updated by applyAdam learns the same, step by step, recorded and eager', () => {
  const { losses, differences } = learnBothWays(attention(), updateByApplyAdam);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(differences.losses).toBeLessThan(1e-5);
  expect(differences.variables).toBeLessThan(2e-4);
});

test('applyAdam computes what plain tfjs operations compute', () => {
  const plain = eagerLosses(attention(), updateInPlainTfjs);
  const applied = eagerLosses(attention(), updateByApplyAdam);
  expect(largestDifference(applied, plain)).toBeLessThan(1e-5);
});

test('a program that takes over the variables of another continues with the same bits', () => {
  const model = attention();
  const variables = withMoments(model);
  const [whole, first, second] = [0, 1, 2].map(() => recordTraining(model, variables, updateByApplyAdam));
  for (let step = 1; step <= 20; step++) whole!.runNumbers('train', stepInputs(step));
  for (let step = 1; step <= 9; step++) first!.runNumbers('train', stepInputs(step));
  second!.writeAll(first!.readAll());
  for (let step = 10; step <= 20; step++) second!.runNumbers('train', stepInputs(step));
  expect(second!.readAll()).toEqual(whole!.readAll());
  expect(first!.readAll()).not.toEqual(whole!.readAll());
  for (const program of [whole!, first!, second!]) program.dispose();
  tf.dispose(variables);
});

/** Takes 50 steps in both ways from the same weights: a changing rate, clipping, decay, and a mask of each step's own. */
function learnBothWays(model: Model, update: Update) {
  const variables = withMoments(model);
  const program = recordTraining(model, variables, update);
  const recorded = Array.from({ length: 50 }, (_, index) => program.runNumbers('train', stepInputs(index + 1)).loss);
  const losses = runEagerly(model, variables, update);
  const distances = Object.entries(variables).map(([name, one]) =>
    largestDifference(program.read(name), one.dataSync()),
  );
  program.dispose();
  tf.dispose(variables);
  return { losses, differences: { losses: largestDifference(recorded, losses), variables: Math.max(...distances) } };
}

function recordTraining(model: Model, variables: Record<string, Variable>, update: Update) {
  return recordProgram(tensorflow, {
    variables,
    entries: {
      train: entry({
        inputs: {
          tokens: { shape: [batch, length], dtype: 'int32' },
          targets: { shape: [batch, length], dtype: 'int32' },
          seed: { shape: [2], dtype: 'int32' },
          rate: { shape: [], dtype: 'float32' },
          beta1Power: { shape: [], dtype: 'float32' },
          beta2Power: { shape: [], dtype: 'float32' },
        },
        body: (inputs) => trainingStep(model, variables, update, inputs),
      }),
    },
  });
}

function eagerLosses(model: Model, update: Update): number[] {
  const variables = withMoments(model);
  const losses = runEagerly(model, variables, update);
  tf.dispose(variables);
  return losses;
}

function runEagerly(model: Model, variables: Record<string, Variable>, update: Update): number[] {
  return Array.from({ length: 50 }, (_, index) =>
    tf.tidy(() => {
      const { tokens, targets, seed, rate, beta1Power, beta2Power } = stepInputs(index + 1);
      const inputs = {
        tokens: tf.tensor2d(tokens, [batch, length]),
        targets: tf.tensor2d(targets, [batch, length]),
        seed: tf.tensor1d(seed),
        rate: tf.scalar(rate),
        beta1Power: tf.scalar(beta1Power),
        beta2Power: tf.scalar(beta2Power),
      };
      return trainingStep(model, variables, update, inputs).loss.dataSync()[0]!;
    }),
  );
}

/** What changes from step to step, from 1: the same tokens again every 5 steps. */
function stepInputs(step: number) {
  const tokens = Int32Array.from(
    { length: batch * length },
    (_, index) => (index * (1 + (step % 5)) + (step % 3)) % classes,
  );
  return {
    tokens,
    targets: tokens.map((token) => (token * 3 + 1) % classes),
    seed: Int32Array.of(1337, step),
    rate: 0.02 * (1 - step / 100),
    beta1Power: 0.9 ** step,
    beta2Power: 0.99 ** step,
  };
}

interface StepInputs {
  tokens: Tensor;
  targets: Tensor;
  seed: Tensor;
  rate: Tensor;
  beta1Power: Tensor;
  beta2Power: Tensor;
}

function trainingStep(model: Model, variables: Record<string, Variable>, update: Update, inputs: StepInputs) {
  const { value: loss, grads } = tf.variableGrads(() => {
    const logits = model.logits(inputs.tokens, inputs.seed);
    const expected = tf.oneHot(inputs.targets.flatten(), classes);
    return tf.losses.softmaxCrossEntropy<Tensor, Scalar>(expected, logits);
  }, Object.values(model.weights));
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((gradient) => gradient.square().sum())));
  const scale = tf.minimum(1, tf.div(0.5, norm));
  for (const [name, weight] of Object.entries(model.weights)) {
    const gradient = grads[weight.name]!.mul(scale);
    if (weight.rank > 1) weight.assign(weight.mul(tf.sub(1, inputs.rate.mul(0.1))));
    update(weight, variables[`first/${name}`]!, variables[`second/${name}`]!, gradient, inputs);
  }
  return { loss, norm };
}

function updateInPlainTfjs(
  weight: Variable,
  first: Variable,
  second: Variable,
  gradient: Tensor,
  inputs: StepInputs,
): void {
  first.assign(first.mul(0.9).add(gradient.mul(1 - 0.9)));
  second.assign(second.mul(0.99).add(gradient.square().mul(1 - 0.99)));
  const mean = first.div(tf.sub(1, inputs.beta1Power));
  const deviation = second.div(tf.sub(1, inputs.beta2Power)).sqrt();
  weight.assign(weight.sub(mean.div(deviation.add(1e-8)).mul(inputs.rate)));
}

function updateByApplyAdam(
  weight: Variable,
  first: Variable,
  second: Variable,
  gradient: Tensor,
  inputs: StepInputs,
): void {
  const { rate, beta1Power, beta2Power } = inputs;
  const epsilon = tf.sub(1, beta2Power).sqrt().mul(1e-8);
  const moments = { firstMoment: first, secondMoment: second, beta1: 0.9, beta2: 0.99, beta1Power, beta2Power };
  applyAdam(tensorflow, { variable: weight, ...moments, gradient, rate, epsilon });
}

/** The moments of all weights start from one tensor of zeros a weight, as they would in anyone's code. */
function withMoments({ weights }: Model): Record<string, Variable> {
  const variables: Record<string, Variable> = { ...weights };
  for (const [name, weight] of Object.entries(weights)) {
    const zeros = tf.zerosLike(weight);
    variables[`first/${name}`] = tf.variable(zeros);
    variables[`second/${name}`] = tf.variable(zeros);
    zeros.dispose();
  }
  return variables;
}

function normal(shape: number[], seed: number): Variable {
  return tf.variable(tf.randomNormal(shape, 0, 0.3, 'float32', seed));
}

function table(): Model {
  const weights = { table: normal([classes, classes], 1) };
  return { weights, logits: (tokens) => gatherRows(tensorflow, weights.table as Tensor as Tensor2D, tokens.flatten()) };
}

function perceptron(): Model {
  const weights = {
    embedding: normal([classes, width], 1),
    hidden: normal([width, 2 * width], 2),
    bias: tf.variable(tf.zeros([2 * width])),
    output: normal([2 * width, classes], 3),
  };
  return {
    weights,
    logits: (tokens, seed) => {
      const embedded = gatherRows(tensorflow, weights.embedding as Tensor as Tensor2D, tokens.flatten());
      const hidden = embedded.matMul(weights.hidden).add(weights.bias).relu();
      return dropout(hidden, seed).matMul(weights.output);
    },
  };
}

/** One causal head with residual and layer norm. */
function attention(): Model {
  const weights = {
    embedding: normal([classes, width], 1),
    position: normal([length, width], 2),
    gain: tf.variable(tf.ones([width])),
    query: normal([width, width], 3),
    key: normal([width, width], 4),
    value: normal([width, width], 5),
    output: normal([width, classes], 6),
  };
  const project = (x: Tensor, weight: Variable) =>
    x
      .reshape([batch * length, width])
      .matMul(weight)
      .reshape([batch, length, width]);
  return {
    weights,
    logits: (tokens, seed) => {
      const embedded = gatherRows(tensorflow, weights.embedding as Tensor as Tensor2D, tokens).add(weights.position);
      const centred = embedded.sub(embedded.mean(-1, true));
      const x = centred.mul(centred.square().mean(-1, true).add(1e-5).rsqrt()).mul(weights.gain);
      const scores = tf.matMul(project(x, weights.query), project(x, weights.key), false, true).div(Math.sqrt(width));
      const mask = tf.linalg
        .bandPart(tf.ones([length, length]), -1, 0)
        .sub(1)
        .mul(1e9);
      const mixed = tf.matMul(dropout(tf.softmax(scores.add(mask)), seed), project(x, weights.value));
      return embedded
        .add(mixed)
        .reshape([batch * length, width])
        .matMul(weights.output);
    },
  };
}

function dropout(x: Tensor, seed: Tensor): Tensor {
  const kept = statelessUniform(tensorflow, x.shape, seed).greaterEqual(0.1).cast('float32');
  return x.mul(kept.div(0.9));
}

function largestDifference(given: ArrayLike<number>, wanted: ArrayLike<number>): number {
  return Math.max(...Array.from(wanted, (value, index) => Math.abs(value - given[index]!)));
}
