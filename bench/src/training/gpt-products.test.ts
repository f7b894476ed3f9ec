import { expect, test } from 'vitest';
import { gptProducts, stepFlops } from './gpt-products.js';

test('the products of a step of a small GPT are counted as by hand', () => {
  const products = gptProducts({ nLayer: 1, nHead: 2, nEmbd: 4, blockSize: 3 }, 1, 5);
  // 3 tokens: [3,4]·[4,12], 2 heads of [3,2]·[2,3] and [3,3]·[3,2], [3,4]·[4,4], [3,4]·[4,16], [3,16]·[16,4], [3,4]·[4,5].
  const multiplications =
    3 * 4 * 12 + 2 * (3 * 2 * 3) + 2 * (3 * 3 * 2) + 3 * 4 * 4 + 3 * 4 * 16 + 3 * 16 * 4 + 3 * 4 * 5;
  expect(stepFlops(products)).toBe(2 * 3 * multiplications);
});
