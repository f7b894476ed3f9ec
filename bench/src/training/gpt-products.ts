/** A product of matrices, [count, n, k]·[count, k, m] (or [count, m, k] transposed), with `count` 1 a plain one. */
export interface Product {
  count: number;
  n: number;
  k: number;
  m: number;
  transposed: boolean;
}

/** The products of the forward pass of a GPT, in order; the backward pass has two of as much work for each. */
export function gptProducts(
  { nLayer, nHead, nEmbd, blockSize }: { nLayer: number; nHead: number; nEmbd: number; blockSize: number },
  batchSize: number,
  vocabularySize: number,
): Product[] {
  const rows = batchSize * blockSize;
  const linear = (k: number, m: number) => ({ count: 1, n: rows, k, m, transposed: false });
  const heads = { count: batchSize * nHead, n: blockSize };
  const headSize = nEmbd / nHead;
  const block = [
    linear(nEmbd, 3 * nEmbd), // queries, keys and values
    { ...heads, k: headSize, m: blockSize, transposed: true }, // how well each query fits each key
    { ...heads, k: blockSize, m: headSize, transposed: false }, // values, mixed
    linear(nEmbd, nEmbd), // the heads, mixed
    linear(nEmbd, 4 * nEmbd), // feed-forward
    linear(4 * nEmbd, nEmbd),
  ];
  const head = { count: 1, n: rows, k: nEmbd, m: vocabularySize, transposed: true };
  return [...Array.from({ length: nLayer }, () => block).flat(), head];
}

/** Floating-point operations of a step's products, forward and backward. */
export function stepFlops(products: Product[]): number {
  return products.reduce((sum, { count, n, k, m }) => sum + 3 * 2 * count * n * k * m, 0);
}
