import {
  entry,
  recordProgram,
  type RecordedProgram,
  type Tensor,
  type TensorFlow,
  type Variable,
} from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../config/index.js';
import { ForwardPass } from '../layers/forward-pass.js';
import type { AdamWStep } from '../optimizer/adamw.js';
import type { Weights } from '../weights/weights.js';
import { logitsEntry } from './logits-program.js';
import type { Trainable } from './trainable.js';
import { lossAndGradients, type OptimizedWeights, updateWeights } from './training-step.js';

const scalar = { shape: [], dtype: 'float32' } as const;
const seedInput = { seed: { shape: [2], dtype: 'int32' } } as const;
const stepInputs = { rate: scalar, beta1Power: scalar, beta2Power: scalar } as const;

/** How the variables beside the weights are called: AdamW's moments, and the sum of gradients that accumulate. */
export const FIRST_MOMENT = 'first/';
export const SECOND_MOMENT = 'second/';
const SUM = 'sum/';

export type LearnerProgram = RecordedProgram;

/**
 * All that a learner does, as one recorded program. Its entries:
 *
 * - `train` takes a step: batch, seed, rate and powers → `loss`, `gradientNorm`;
 * - where gradients accumulate, `accumulate` and `apply` instead: batch, seed → `loss`; rate, powers → `gradientNorm`;
 * - `evaluate`: batch → `loss`;
 * - `logits`: ids [1, block] → `logits` [block, V].
 *
 * The weights keep their names; AdamW's moments are `first/…` and `second/…`.
 */
export function recordLearner(
  tensorflow: TensorFlow,
  trainable: Trainable,
  initialWeights: Weights,
  training: TrainingConfig,
): LearnerProgram {
  const { tf } = tensorflow;
  const { batchSize } = training;
  const microSteps = microStepsOf(training);
  const length = trainable.blockSize;
  const { inputs: batchInputs } = trainable.batchForm(batchSize);
  const optimized = variablesOf(tensorflow, initialWeights);
  const sums = microSteps === 1 ? {} : zerosLike(tensorflow, optimized);
  const weights = Object.fromEntries(Object.entries(optimized).map(([name, { weight }]) => [name, weight]));

  const train = entry({
    inputs: { ...batchInputs, ...seedInput, ...stepInputs },
    body: (inputs) => {
      const pass = { batchSize, seed: inputs.seed };
      const { loss, gradients } = lossAndGradients(tensorflow, trainable, optimized, inputs, pass);
      return { loss, gradientNorm: updateWeights(tensorflow, optimized, gradients, training, stepOf(inputs)) };
    },
  });
  const accumulate = entry({
    inputs: { ...batchInputs, ...seedInput },
    body: (inputs) => {
      const pass = { batchSize, seed: inputs.seed };
      const { loss, gradients } = lossAndGradients(tensorflow, trainable, optimized, inputs, pass);
      for (const [index, sum] of Object.values(sums).entries()) sum.assign(sum.add(gradients[index]!));
      return { loss };
    },
  });
  const apply = entry({
    inputs: stepInputs,
    body: (inputs) => {
      const means = Object.values(sums).map((sum) => sum.mul(1 / microSteps));
      const gradientNorm = updateWeights(tensorflow, optimized, means, training, stepOf(inputs));
      for (const sum of Object.values(sums)) sum.assign(tf.zerosLike(sum));
      return { gradientNorm };
    },
  });
  const evaluate = entry({
    inputs: batchInputs,
    body: (inputs) => ({
      loss: trainable.loss(new ForwardPass(tensorflow, { weights, batchSize, length }), inputs),
    }),
  });
  const logits = logitsEntry(tensorflow, trainable, weights);
  const variables = { ...namedVariables(optimized), ...prefixed(SUM, sums) };
  const shared = { evaluate, logits };
  try {
    return recordProgram(tensorflow, {
      variables,
      entries: microSteps === 1 ? { train, ...shared } : { accumulate, apply, ...shared },
    });
  } finally {
    tf.dispose(Object.values(variables)); // The program has its own copies.
  }
}

/** How many batches make a step. */
export function microStepsOf({ gradientAccumulationSteps }: TrainingConfig): number {
  return Math.max(1, gradientAccumulationSteps);
}

/** New variables that start with the weights and with moments of 0, by the weights' names. */
export function variablesOf({ tf }: TensorFlow, weights: Weights): OptimizedWeights {
  const variables = [...weights].map(([name, { shape, values }]) => {
    const moments = tf.tidy(() => ({
      // Through an operation: a variable made from an array may share its memory.
      weight: tf.variable(tf.tensor(values, [...shape], 'float32').add(0)),
      firstMoment: tf.variable(tf.zeros([...shape]), false),
      secondMoment: tf.variable(tf.zeros([...shape]), false),
    }));
    return [name, moments] as const;
  });
  return Object.fromEntries(variables);
}

function zerosLike({ tf }: TensorFlow, optimized: OptimizedWeights): Record<string, Variable> {
  const zeros = Object.entries(optimized).map(([name, { weight }]) => {
    return [name, tf.tidy(() => tf.variable(tf.zerosLike(weight), false))] as const;
  });
  return Object.fromEntries(zeros);
}

function namedVariables(optimized: OptimizedWeights): Record<string, Variable> {
  const named: Record<string, Variable> = {};
  for (const [name, { weight, firstMoment, secondMoment }] of Object.entries(optimized)) {
    named[name] = weight;
    named[FIRST_MOMENT + name] = firstMoment;
    named[SECOND_MOMENT + name] = secondMoment;
  }
  return named;
}

function prefixed(prefix: string, variables: Record<string, Variable>): Record<string, Variable> {
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [prefix + name, variable]));
}

function stepOf(inputs: Readonly<Record<string, Tensor>>): AdamWStep {
  return { rate: inputs['rate']!, beta1Power: inputs['beta1Power']!, beta2Power: inputs['beta2Power']! };
}
