import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../load-tensorflow.js';

/**
 * Random numbers, uniform in [0, 1), float32 of the given shape, that are a function of the seed alone: int32 [2], such
 * as (seed of the training, step). Equal seeds give equal numbers in every process, so a dropout that is made from them
 * can be recorded and resumed. (Philox 4×32-10, https://www.thesalmons.org/john/random123/papers/random123sc11.pdf)
 */
export function statelessUniform({ tf, backend }: TensorFlow, shape: readonly number[], seed: Tensor): Tensor {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const attributes = [
    { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'T', type: TF_ATTR_TYPE, value: TF_INT32 },
    { name: 'Tseed', type: TF_ATTR_TYPE, value: TF_INT32 },
  ];
  return tf.tidy(() =>
    backend.executeSingleOutput('StatelessRandomUniform', attributes, [tf.tensor1d([...shape], 'int32'), seed]),
  );
}
