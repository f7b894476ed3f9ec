import { expect, test } from 'vitest';
import { KvCache } from './kv-cache.js';

const sizes = { nLayer: 1, nHead: 2, headSize: 1 };

/** Keys [2 rows, 2 heads, 3 tokens, 1] 1 to 12, and values which are theirs negated. */
const keys = Float32Array.from({ length: 12 }, (_, at) => at + 1);
const source = (row: number) => ({ arrays: [keys, keys.map((key) => -key)], row, length: 3 });

/** What a row holds of a head, without the zeros behind. */
function held(past: KvCache, row: number, head: number): number[] {
  const start = (row * 2 + head) * past.slots;
  const values = [...past.arrays(row + 1)[0]!.subarray(start, start + past.slots)];
  return values.slice(0, values.findLastIndex((value) => value !== 0) + 1);
}

test('tokens are put where they belong, and rows keep them when slots come and go', () => {
  const past = new KvCache(sizes, { rows: 2, length: 200 });
  past.put(0, { slot: 0, count: 3 }, source(0));
  past.put(1, { slot: 0, count: 2 }, source(1));
  past.put(1, { slot: 2, count: 1 }, source(0));
  for (const [length, slots] of [
    [64, 64],
    [65, 128],
    [200, 256],
    [3, 64],
  ] as const) {
    past.fit(length, 2);
    expect(past.slots).toBe(slots);
    expect([held(past, 0, 0), held(past, 0, 1)]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([held(past, 1, 0), held(past, 1, 1)]).toEqual([
      [7, 8, 1],
      [10, 11, 4],
    ]);
  }
  expect(past.arrays(2)[1]![0]).toBe(-1);
});

test('a row is copied over another, and emptied', () => {
  const past = new KvCache(sizes, { rows: 2, length: 10 });
  past.put(1, { slot: 0, count: 3 }, source(1));
  past.copyRow(1, 0);
  expect(held(past, 0, 1)).toEqual([10, 11, 12]);
  past.clear(1);
  expect([held(past, 1, 0), held(past, 0, 0)]).toEqual([[], [7, 8, 9]]);
});
