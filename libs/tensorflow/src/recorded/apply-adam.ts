import type { Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';
import { activeRecorder } from './active-recording.js';

/** One update of Adam. Gradient, moments and variable have one shape, the other tensors are scalars; all are float32. */
export interface AdamUpdate {
  readonly variable: Variable;
  /** The running mean of the gradient. */
  readonly firstMoment: Variable;
  /** The running mean of the squared gradient. */
  readonly secondMoment: Variable;
  readonly gradient: Tensor;
  readonly rate: Tensor | number;
  readonly beta1: Tensor | number;
  readonly beta2: Tensor | number;
  /** β₁ᵗ and β₂ᵗ with t from 1: they change with the step, so they are inputs of the entry. */
  readonly beta1Power: Tensor | number;
  readonly beta2Power: Tensor | number;
  /** Added to √v. PyTorch adds it to √(v / (1 − β₂ᵗ)): for its result give ε·√(1 − β₂ᵗ). */
  readonly epsilon: Tensor | number;
}

/**
 * Changes a variable and its moments as Adam does (https://arxiv.org/abs/1412.6980, the form before section 2.1):
 *
 *     m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  θ ← θ − rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε)
 *
 * Eagerly by tfjs operations; in the body of a recorded program as one operation that works on the variables' own
 * memory (ResourceApplyAdam). The two agree to the last bits. For AdamW assign the decayed variable first.
 */
export function applyAdam(tensorflow: TensorFlow, update: AdamUpdate): void {
  const { tf, backend } = tensorflow;
  const { variable, firstMoment, secondMoment, gradient } = update;
  tf.tidy(() => {
    const scalar = (value: Tensor | number) => (typeof value === 'number' ? tf.scalar(value) : value);
    const beta1Power = scalar(update.beta1Power);
    const beta2Power = scalar(update.beta2Power);
    const rate = scalar(update.rate);
    const beta1 = scalar(update.beta1);
    const beta2 = scalar(update.beta2);
    const epsilon = scalar(update.epsilon);
    const eagerly = () => {
      const first = firstMoment.add(gradient.sub(firstMoment).mul(tf.sub(1, beta1)));
      const second = secondMoment.add(gradient.square().sub(secondMoment).mul(tf.sub(1, beta2)));
      const step = rate.mul(tf.sub(1, beta2Power).sqrt()).div(tf.sub(1, beta1Power));
      firstMoment.assign(first);
      secondMoment.assign(second);
      variable.assign(variable.sub(first.mul(step).div(second.sqrt().add(epsilon))));
    };
    const recorder = activeRecorder();
    if (recorder === undefined) return eagerly();
    const type = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT };
    const inputs = [beta1Power, beta2Power, rate, beta1, beta2, epsilon, gradient];
    recorder.addUpdate('ResourceApplyAdam', [type], [variable, firstMoment, secondMoment], inputs, eagerly);
  });
}
