import type { Rank, Tensor2D, TensorFlow } from '@glyphmill/tensorflow';

/*
 * Three ways to give each token the mean of the tokens up to itself. They are equal, and each leads to the next: the
 * last one becomes attention as soon as its scores are not all 0 but say which tokens of the past matter. All take
 * x [T, C], a row for each token, and give [T, C].
 */

/** The definition: row t is the mean of rows 0 to t. */
export function pastMeansByLoop({ tf }: TensorFlow, x: Tensor2D): Tensor2D {
  const length = x.shape[0];
  const rows = Array.from({ length }, (_, t) => x.slice([0, 0], [t + 1, -1]).mean(0)); // each [C]
  return tf.stack(rows) as Tensor2D;
}

/** A mean is a weighted sum, and weighted sums of rows are a product with a matrix: row t has t + 1 times 1/(t + 1). */
export function pastMeansByTriangle({ tf }: TensorFlow, x: Tensor2D): Tensor2D {
  const length = x.shape[0];
  const ones = tf.linalg.bandPart(tf.ones<Rank.R2>([length, length]), -1, 0); // [T, T], 0 above the diagonal
  const shares = ones.div(ones.sum(1, true)); // [T, T], rows add up to 1
  return tf.matMul(shares, x);
}

/** A softmax makes such rows of any scores; a score of −∞ has no share. Equal scores share equally. */
export function pastMeansBySoftmax({ tf }: TensorFlow, x: Tensor2D): Tensor2D {
  const length = x.shape[0];
  const scores = tf.zeros([length, length]); // [T, T]: how much row t wants of each row
  const past = tf.linalg.bandPart(tf.ones([length, length]), -1, 0).cast('bool'); // [T, T]
  const shares = tf.where(past, scores, tf.scalar(-Infinity)).softmax(); // [T, T]
  return tf.matMul(shares, x);
}
