import {
  entry,
  recordProgram,
  sparseSoftmaxCrossEntropy,
  type TensorFlow,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@glyphmill/tensorflow';
import type { TrainingConfig } from '../../config/index.js';
import { ForwardPass } from '../../layers/forward-pass.js';
import type { Weights } from '../../weights/weights.js';
import type { Network } from './network.js';
import { trainingStep, type Moments } from './training-step.js';

const scalar = { shape: [], dtype: 'float32' } as const;

export type NetworkProgram = ReturnType<typeof recordNetwork>;

/**
 * All that a learner does with a network, as one recorded program: `train` takes a step, `evaluate` gives the sum of the
 * losses that `counted` picks with 1 (others 0), `logits` gives [block, V] of one row. The weights keep their names;
 * AdamW's moments are `first/…` and `second/…`.
 */
export function recordNetwork(tensorflow: TensorFlow, network: Network, weights: Weights, training: TrainingConfig) {
  const { batchSize } = training;
  const length = network.blockSize;
  const parameters = variablesOf(tensorflow, weights);
  const current = Object.fromEntries(Object.entries(parameters).map(([name, { weight }]) => [name, weight]));
  const batch = {
    ids: { shape: [batchSize, length], dtype: 'int32' },
    targets: { shape: [batchSize * length], dtype: 'int32' },
  } as const;
  try {
    return recordProgram(tensorflow, {
      variables: namedVariables(parameters),
      entries: {
        train: entry({
          inputs: {
            ...batch,
            seed: { shape: [2], dtype: 'int32' },
            rate: scalar,
            beta1Power: scalar,
            beta2Power: scalar,
          },
          body: (inputs) => trainingStep(tensorflow, network, parameters, training, inputs),
        }),
        evaluate: entry({
          inputs: { ...batch, counted: { shape: [batchSize * length], dtype: 'float32' } },
          body: ({ ids, targets, counted }) => {
            const pass = new ForwardPass(tensorflow, { weights: current, batchSize, length });
            const logits = network.logits(pass, ids as Tensor2D); // [B·T, V]
            return {
              loss: sparseSoftmaxCrossEntropy(tensorflow, logits, targets as Tensor1D)
                .mul(counted)
                .sum(),
            };
          },
        }),
        logits: entry({
          inputs: { ids: { shape: [1, length], dtype: 'int32' } },
          body: ({ ids }) => {
            const pass = new ForwardPass(tensorflow, { weights: current, batchSize: 1, length });
            return { logits: network.logits(pass, ids as Tensor2D) };
          },
        }),
      },
    });
  } finally {
    // The program has its own copies.
    tensorflow.tf.dispose(Object.values(namedVariables(parameters)));
  }
}

/** New variables that start with the weights and with moments of 0, by the weights' names. */
export function variablesOf({ tf }: TensorFlow, weights: Weights): Record<string, Moments> {
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

function namedVariables(parameters: Readonly<Record<string, Moments>>): Record<string, Variable> {
  const named: Record<string, Variable> = {};
  for (const [name, { weight, firstMoment, secondMoment }] of Object.entries(parameters)) {
    named[name] = weight;
    named[`first/${name}`] = firstMoment;
    named[`second/${name}`] = secondMoment;
  }
  return named;
}
