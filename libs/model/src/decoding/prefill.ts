import type { DecodingModel } from './decoding-session.js';
import type { DecodingWindow } from './decoding-window.js';
import type { KvCache } from './kv-cache.js';

/** A past is computed for a multiple of so many tokens, so that sequences of unlike lengths can share a run. */
const COLUMN_STEP = 32;

/** Tokens of one run at most, but for a single sequence: some tens of milliseconds. */
const MAX_TOKENS = 2048;

/** The rows that have the same past, by its tokens. */
type RowsByPast = Map<string, number[]>;

/**
 * Computes the past of sequences that are new or begin anew, and puts it into their rows; once for those that see the same,
 * as samples of one prompt do. How many tokens a sequence is filled up to is a function of its own length: what runs with
 * it changes no bit.
 */
export async function prefill(model: DecodingModel, windows: readonly DecodingWindow[], past: KvCache): Promise<void> {
  const byColumns = new Map<number, RowsByPast>();
  for (const [row, window] of windows.entries()) {
    if (!window.isNew) continue;
    window.isNew = false;
    past.clear(row);
    if (window.pastLength === 0) continue;
    const padded = Math.ceil(window.pastLength / COLUMN_STEP) * COLUMN_STEP;
    const columns = Math.min(padded, model.blockSize);
    const byPast: RowsByPast = byColumns.get(columns) ?? new Map();
    byColumns.set(columns, byPast);
    const tokens = window.past.join();
    byPast.set(tokens, [...(byPast.get(tokens) ?? []), row]);
  }
  for (const [columns, byPast] of byColumns) {
    const together = Math.max(1, Math.floor(MAX_TOKENS / columns));
    const alike = [...byPast.values()];
    for (let start = 0; start < alike.length; start += together) {
      await computePasts(alike.slice(start, start + together), columns);
    }
  }

  async function computePasts(alike: readonly (readonly number[])[], columns: number): Promise<void> {
    const ids = new Int32Array(alike.length * columns); // the zeros that fill a row up come after all that counts
    for (const [at, [first]] of alike.entries()) ids.set(windows[first!]!.past, at * columns);
    const arrays = await model.model.keysAndValues(ids, alike.length, columns);
    for (const [at, rows] of alike.entries()) {
      for (const row of rows) {
        past.put(row, { slot: 0, count: windows[row]!.pastLength }, { arrays, row: at, length: columns });
      }
    }
  }
}
