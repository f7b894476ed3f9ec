import {
  entry,
  matrixProduct,
  recordProgram,
  type Tensor,
  type Tensor2D,
  type TensorFlow,
} from '@glyphmill/tensorflow';
import type { Product } from './gpt-products.js';

/** All matrix products of a step, forward and backward, and nothing else, as one recorded program; returns one run of it. */
export function recordProducts(tensorflow: TensorFlow, products: readonly Product[]): () => void {
  const { tf } = tensorflow;
  const operands = products.map(({ count, n, k, m, transposed }) => {
    // Each product has operands of its own, so that no two are the same and computed once.
    const operand = (rows: number, columns: number) =>
      tf.variable(tf.randomNormal(count === 1 ? [rows, columns] : [count, rows, columns]));
    return { a: operand(n, k), b: transposed ? operand(m, k) : operand(k, m), gradient: operand(n, m), transposed };
  });
  const variables = operands.flatMap(({ a, b, gradient }, index) => [
    [`a${index}`, a] as const,
    [`b${index}`, b] as const,
    [`gradient${index}`, gradient] as const,
  ]);
  const product = (a: Tensor, b: Tensor, transposed: boolean) =>
    a.rank === 2
      ? matrixProduct(tensorflow, a as Tensor2D, b as Tensor2D, { transposeB: transposed })
      : tf.matMul(a, b, false, transposed);
  const program = recordProgram(tensorflow, {
    variables: Object.fromEntries(variables),
    entries: {
      products: entry({
        inputs: {},
        body: () => {
          const results = operands.flatMap(({ a, b, gradient, transposed }) => {
            const backward = tf.valueAndGrads((left: Tensor, right: Tensor) => product(left, right, transposed));
            const { value, grads } = backward([a, b], gradient);
            return [[value], grads].flat();
          });
          // A number of each result, so that all are needed and none is kept: TensorFlow reuses their memory, as in a step.
          return { some: tf.concat(results.map((result) => firstOf(result))) };
        },
      }),
    },
  });
  return () => tf.dispose(program.run('products', {}));
}

function firstOf(tensor: Tensor): Tensor {
  const { rank } = tensor;
  return tensor.slice(Array<number>(rank).fill(0), Array<number>(rank).fill(1)).reshape([1]);
}
