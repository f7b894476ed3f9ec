import type { Scalar, Tensor2D } from '@glyphmill/tensorflow';

/** A batch as a bigram's loss sees it: the shares of its pairs [V, V], and their row sums [V, 1]. */
export interface PairTensors {
  pairs: Tensor2D;
  firsts: Tensor2D;
}

/**
 * The mean cross entropy of a batch under a table W of logits [V, V], in nats a token. All pairs (i, j) share the
 * logits W[i], so with the pairs' shares P and their row sums p it is Σᵢ pᵢ·logsumexp(W[i]) − Σᵢⱼ Pᵢⱼ·Wᵢⱼ: exact.
 */
export function pairLoss(table: Tensor2D, { pairs, firsts }: PairTensors): Scalar {
  const normalizers = table.logSumExp(1, true).mul(firsts).sum(); // Σᵢ pᵢ·logsumexp(W[i])
  return normalizers.sub(table.mul(pairs).sum());
}

/** The gradient of {@link pairLoss} with respect to the table, pᵢ·softmax(W[i]) − P[i]: [V, V]. */
export function pairLossGradient(table: Tensor2D, { pairs, firsts }: PairTensors): Tensor2D {
  return table.softmax().mul(firsts).sub(pairs);
}
