import { expect, test } from 'vitest';
import { DecodingWindow, windowLength } from './decoding-window.js';

const numbers = (count: number) => Int32Array.from({ length: count }, (_, at) => at);
const seen = (window: DecodingWindow) => [...window.past, window.lastToken];

test('a full block continues from its newer half and the token after it', () => {
  const window = new DecodingWindow(numbers(4), 6);
  expect(window.room).toBe(3);
  window.isNew = false;
  window.append([4, 5]);
  expect([seen(window), window.room, window.isNew]).toEqual([[0, 1, 2, 3, 4, 5], 1, false]);
  window.append([6]);
  expect([seen(window), window.room, window.isNew]).toEqual([[3, 4, 5, 6], 3, true]);
});

test.each([1, 2, 3, 8, 9])(
  'with a block of %i, a prompt is seen as a text that has grown to its length',
  (blockSize) => {
    const grown = new DecodingWindow(numbers(1), blockSize);
    for (let count = 1; count <= 4 * blockSize; count += 1) {
      expect(seen(new DecodingWindow(numbers(count), blockSize))).toEqual(seen(grown));
      expect(seen(grown)).toHaveLength(windowLength(count, blockSize));
      expect(grown.room).toBeGreaterThan(0);
      grown.append([count]);
    }
  },
);
