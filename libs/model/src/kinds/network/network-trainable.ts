import { type Tensor1D, type Tensor2D, sparseSoftmaxCrossEntropy } from '@glyphmill/tensorflow';
import type { BatchForm, Trainable } from '../../learner/trainable.js';
import type { Network } from './network.js';

/** A network learns from each token of a batch by itself: the cross entropy of its logits. */
export function networkTrainable(network: Network): Trainable {
  return {
    blockSize: network.blockSize,
    dropout: network.dropout,
    batchForm: (batchSize) => tokenBatches(batchSize, network.blockSize),
    loss: (pass, { ids, targets, shares }) => {
      const logits = network.logits(pass, ids as Tensor2D); // [B·T, V]
      return sparseSoftmaxCrossEntropy(pass.tensorflow, logits, targets as Tensor1D)
        .mul(shares!)
        .sum();
    },
    logits: (pass, ids) => network.logits(pass, ids),
  };
}

/** ids [B, T] and targets [B·T]; and what share each has in the mean [B·T], which is 0 for what fills up a batch. */
function tokenBatches(batchSize: number, blockSize: number): BatchForm {
  const size = batchSize * blockSize;
  const wholeShares = sharesOf(size, size);
  return {
    inputs: {
      ids: { shape: [batchSize, blockSize], dtype: 'int32' },
      targets: { shape: [size], dtype: 'int32' },
      shares: { shape: [size], dtype: 'float32' },
    },
    valuesOf: ({ inputs, targets }) => ({
      ids: padded(inputs, size),
      targets: padded(targets, size),
      shares: inputs.length === size ? wholeShares : sharesOf(inputs.length, size),
    }),
  };
}

function sharesOf(count: number, size: number): Float32Array {
  return new Float32Array(size).fill(1 / count, 0, count);
}

/** The ids themselves where they are as many, or a copy that zeros fill up. */
function padded(ids: Int32Array, size: number): Int32Array {
  if (ids.length === size) return ids;
  const filled = new Int32Array(size);
  filled.set(ids);
  return filled;
}
