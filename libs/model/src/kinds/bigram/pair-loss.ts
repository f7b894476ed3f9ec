import type { GradSaveFunc, Scalar, Tensor, Tensor2D, TensorFlow } from '@glyphmill/tensorflow';

/** A batch as a bigram's loss sees it: the shares of its pairs [V, V], and their row sums [V, 1]. */
export interface PairTensors {
  pairs: Tensor2D;
  firsts: Tensor2D;
}

/**
 * The mean cross entropy of a batch under a table W of logits [V, V], in nats a token. All pairs (i, j) share the
 * logits W[i], so with the pairs' shares P and their row sums p it is Σᵢ pᵢ·logsumexp(W[i]) − Σᵢⱼ Pᵢⱼ·Wᵢⱼ: exact. Its
 * gradient with respect to the table is pᵢ·softmax(W[i]) − P[i].
 */
export function pairLoss({ tf }: TensorFlow, table: Tensor2D, { pairs, firsts }: PairTensors): Scalar {
  const loss = tf.customGrad((...inputs) => {
    const [logits, save] = inputs as [Tensor, GradSaveFunc];
    save([logits]);
    const normalizers = logits.logSumExp(1, true).mul(firsts).sum(); // Σᵢ pᵢ·logsumexp(W[i])
    const gradFunc = (gradient: Tensor, saved: Tensor[]) => saved[0]!.softmax().mul(firsts).sub(pairs).mul(gradient); // [V, V]
    return { value: normalizers.sub(logits.mul(pairs).sum()), gradFunc };
  });
  return loss(table) as Scalar;
}
