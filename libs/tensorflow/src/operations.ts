import type { GradSaveFunc, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from './load-tensorflow.js';
import { matMul } from './matrix-product.js';

type Attribute = Parameters<TensorFlow['backend']['executeSingleOutput']>[1][number];

/**
 * Rows of a table by their ids: table [rows, width], ids int32 of any shape [...] → [..., width].
 * The gradient adds up what flows back to each row. (`tf.gather` reads its indices back to JavaScript at each call;
 * this stays in TensorFlow: GatherV2, UnsortedSegmentSum.)
 */
export function gatherRows(tensorflow: TensorFlow, table: Tensor2D, ids: Tensor): Tensor {
  const { tf, backend } = tensorflow;
  const [rows, width] = table.shape;
  const gather = tf.customGrad((input, save) => {
    (save as GradSaveFunc)([ids]);
    const value = backend.executeSingleOutput(
      'GatherV2',
      [
        typeAttribute(tensorflow, 'Tparams', table),
        typeAttribute(tensorflow, 'Tindices', ids),
        { name: 'Taxis', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_INT32 },
        { name: 'batch_dims', type: backend.binding.TF_ATTR_INT, value: 0 },
      ],
      [input as Tensor, ids, tf.scalar(0, 'int32')],
    );
    const gradFunc = (gradient: Tensor, saved: Tensor[]) =>
      sumRowsById(tensorflow, gradient.reshape([-1, width]), saved[0]!.reshape([-1]), rows);
    return { value, gradFunc };
  });
  return tf.tidy(() => gather(table));
}

/**
 * Row r of the result is the sum of the rows of `values` whose id is r: values [n, width], ids int32 [n] → [rows, width].
 * A product with one-hot rows: as fast as UnsortedSegmentSum for the vocabularies of characters, and, unlike it, the
 * same bits each time on a GPU too.
 */
export function sumRowsById(tensorflow: TensorFlow, values: Tensor2D, ids: Tensor1D, rows: number): Tensor2D {
  const { tf } = tensorflow;
  return tf.tidy(
    () =>
      matMul(tensorflow, tf.oneHot(ids, rows).cast('float32'), values, {
        transposeA: true,
        transposeB: false,
      }) as Tensor2D,
  );
}

/**
 * The cross entropy of each row with a distribution, in nats: logits [n, classes], shares [n, classes], which add up to
 * 1 a row → −Σ shares·log softmax(logits), [n]. The operation yields its gradient at once, as below.
 */
export function softmaxCrossEntropy(tensorflow: TensorFlow, logits: Tensor2D, shares: Tensor2D): Tensor1D {
  return crossEntropyBy(tensorflow, 'SoftmaxCrossEntropyWithLogits', [], logits, shares);
}

/**
 * The cross entropy of each row in nats: logits [n, classes], labels int32 [n] → −log softmax(logits)[label], [n].
 * The operation yields its gradient at once, softmax − one-hot, so the backward pass is one product.
 */
export function sparseSoftmaxCrossEntropy(tensorflow: TensorFlow, logits: Tensor2D, labels: Tensor1D): Tensor1D {
  const labelType = typeAttribute(tensorflow, 'Tlabels', labels);
  return crossEntropyBy(tensorflow, 'SparseSoftmaxCrossEntropyWithLogits', [labelType], logits, labels);
}

function crossEntropyBy(
  tensorflow: TensorFlow,
  operation: string,
  attributes: Attribute[],
  logits: Tensor2D,
  labels: Tensor,
): Tensor1D {
  const { tf, backend } = tensorflow;
  const crossEntropy = tf.customGrad((input, save) => {
    const [value, logitsGradient] = backend.executeMultipleOutputs(
      operation,
      [typeAttribute(tensorflow, 'T', logits), ...attributes],
      [input as Tensor, labels],
      2,
    );
    (save as GradSaveFunc)([logitsGradient!]);
    const gradFunc = (gradient: Tensor, saved: Tensor[]) => saved[0]!.mul(gradient.expandDims(1));
    return { value: value!, gradFunc };
  });
  return tf.tidy(() => crossEntropy(logits) as Tensor1D);
}

function typeAttribute({ backend }: TensorFlow, name: string, tensor: Tensor): Attribute {
  return { name, type: backend.binding.TF_ATTR_TYPE, value: backend.getDTypeInteger(tensor.dtype) };
}
