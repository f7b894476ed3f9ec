import { type Scalar, softmaxCrossEntropy, type Tensor1D, type Tensor2D, type TensorFlow } from '@glyphmill/tensorflow';

/** A batch as a bigram's loss sees it. */
export interface PairTensors {
  /** [V]: the share of the pairs that start with a token. */
  firsts: Tensor1D;
  /** [V, V]: of those that start with a token, the share of each second one. */
  seconds: Tensor2D;
}

/**
 * The mean cross entropy of a batch under a table W of logits [V, V], in nats per token. All pairs (i, j) share the
 * logits W[i], so with the share p of each first token and the shares q of its second ones it is
 * Σᵢ pᵢ·crossEntropy(q[i], softmax(W[i])): exact. Its gradient with respect to the table is pᵢ·(softmax(W[i]) − q[i]).
 */
export function pairLoss(tensorflow: TensorFlow, table: Tensor2D, { firsts, seconds }: PairTensors): Scalar {
  return softmaxCrossEntropy(tensorflow, table, seconds).mul(firsts).sum();
}
