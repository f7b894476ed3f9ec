import type { LanguageModelSession } from '../onnx/language-model-session.js';

/** Token ids [rows, columns], row-major. */
export interface TokenRows {
  ids: Int32Array;
  rows: number;
  columns: number;
}

/**
 * The logits [rows, columns, vocabulary] of a graph that sees the first `split` columns, and then the others with the
 * first as its past. What it yields must not depend on the split, from 1 to columns − 1.
 */
export async function logitsInTwoParts(
  session: LanguageModelSession,
  { ids, rows, columns }: TokenRows,
  split: number,
): Promise<Float32Array> {
  const part = (start: number, end: number) => ({
    ids: Int32Array.from({ length: rows * (end - start) }, (_, at) => {
      return ids[Math.floor(at / (end - start)) * columns + start + (at % (end - start))]!;
    }),
    rows,
    columns: end - start,
  });
  const first = await session.advance(part(0, split));
  const second = await session.advance({ ...part(split, columns), past: first.past });
  return sideBySide(rows, first.logits, second.logits);
}

/** [rows, n] and [rows, m], row-major → [rows, n + m]. */
function sideBySide(rows: number, left: Float32Array, right: Float32Array): Float32Array {
  const joined = new Float32Array(left.length + right.length);
  const [leftWidth, rightWidth] = [left.length / rows, right.length / rows];
  for (let row = 0; row < rows; row += 1) {
    const start = row * (leftWidth + rightWidth);
    joined.set(left.subarray(row * leftWidth, (row + 1) * leftWidth), start);
    joined.set(right.subarray(row * rightWidth, (row + 1) * rightWidth), start + leftWidth);
  }
  return joined;
}
