import type { TrainingConfig } from '@glyphmill/model/config';
import { applyAdam, entry, recordProgram, type TensorFlow } from '@glyphmill/tensorflow';

/** PyTorch's: of clipping, and of Adam. */
const CLIPPING_EPSILON = 1e-6;
const ADAM_EPSILON = 1e-8;

/** Clipping, decay and AdamW of weights of these shapes, and nothing else, as one recorded program; returns one run of it. */
export function recordOptimizer(
  tensorflow: TensorFlow,
  shapes: readonly (readonly number[])[],
  { beta1, beta2, weightDecay, gradientClip }: TrainingConfig,
): () => void {
  const { tf } = tensorflow;
  const weights = shapes.map((shape) => {
    const random = () => tf.variable(tf.randomUniform([...shape]));
    return { variable: random(), firstMoment: random(), secondMoment: random(), unclipped: random() };
  });
  const variables = weights.flatMap((each, index) =>
    Object.entries(each).map(([name, variable]) => [`${name}${index}`, variable] as const),
  );
  const scalar = { shape: [], dtype: 'float32' } as const;
  const program = recordProgram(tensorflow, {
    variables: Object.fromEntries(variables),
    entries: {
      update: entry({
        inputs: { rate: scalar, beta1Power: scalar, beta2Power: scalar },
        body: ({ rate, beta1Power, beta2Power }) => {
          const norm = tf.addN(weights.map(({ unclipped }) => unclipped.square().sum())).sqrt();
          const scale = tf.minimum(tf.div(gradientClip, norm.add(CLIPPING_EPSILON)), 1);
          const kept = tf.sub(1, rate.mul(weightDecay));
          const epsilon = tf.sub(1, beta2Power).sqrt().mul(ADAM_EPSILON);
          const powers = { beta1, beta2, beta1Power, beta2Power };
          for (const { variable, firstMoment, secondMoment, unclipped } of weights) {
            if (variable.rank > 1) variable.assign(variable.mul(kept));
            const gradient = unclipped.mul(scale);
            applyAdam(tensorflow, { variable, firstMoment, secondMoment, gradient, rate, epsilon, ...powers });
          }
          return { norm };
        },
      }),
    },
  });
  return () => void program.runNumbers('update', { rate: 1e-3, beta1Power: beta1, beta2Power: beta2 });
}
