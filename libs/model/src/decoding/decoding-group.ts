import type { SamplingRules } from '../sampling/logits-processor.js';
import type { NewTokens } from '../sampling/new-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import type { DecodingModel } from './decoding-model.js';
import type { Chunk } from './decoding-session.js';
import { DecodingWindow } from './decoding-window.js';
import { graphRules, nextUniform } from './graph-rules.js';
import { computeNewPasts } from './new-pasts.js';
import { PastRows } from './past-rows.js';

/** Tokens that a sequence gets in one run at most. More carry longer chunks along, fewer enter the graph more often. */
export const CHUNK_TOKENS = 16;

/** A sequence as a group is given it. */
export interface DecodingOrder {
  /** The number by which it is known. */
  id: number;
  sequence: Sequence;
  sampling: SamplingRules;
  maxNewTokens: number;
  /** Whether its logits are wanted. */
  withLogits?: boolean;
}

interface Row extends DecodingOrder {
  readonly window: DecodingWindow;
  remaining: number;
}

/** Sequences that are one batch of the decoding graph; they come and go between runs. */
export class DecodingGroup {
  readonly #model: DecodingModel;
  readonly #past: PastRows;
  /** In the order of the rows of `#past`. */
  #rows: Row[] = [];
  /** To come into the batch with the next run. */
  #waiting: Row[] = [];
  readonly #removed = new Set<number>();

  /** `rows` is how many sequences there is room for; memory for their keys and values is taken at once. */
  constructor(model: DecodingModel, rows: number) {
    this.#model = model;
    this.#past = new PastRows(model.decoding.sizes, { rows, length: model.blockSize });
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return this.#rows.length + this.#waiting.length - this.#removed.size;
  }

  /** Takes a sequence in; there must be room. */
  add(order: DecodingOrder): void {
    const window = new DecodingWindow(order.sequence.context, this.#model.blockSize);
    this.#waiting.push({ ...order, window, remaining: order.maxNewTokens });
  }

  /** Ends a sequence, where it is one of this group, also during a run, which then gives nothing of it. */
  remove(id: number): void {
    if ([...this.#rows, ...this.#waiting].some((row) => row.id === id)) this.#removed.add(id);
  }

  /** The next tokens of each sequence, by its number. Blocks the event loop for most of its time. */
  async run(): Promise<Map<number, NewTokens>> {
    this.#seat();
    const rows = this.#rows;
    if (rows.length === 0) return new Map();
    const windows = rows.map(({ window }) => window);
    await computeNewPasts(this.#model, windows, this.#past);
    // Whoever has more to come after this run has a whole chunk in it: where chunks begin depends on the sequence alone.
    const steps = Math.max(...rows.map((row) => newTokensOf(row)));
    const chunk = await this.#model.decoding.run({
      rows: rows.map(({ window, sampling }) => ({
        lastToken: window.lastToken,
        pastLength: window.pastLength,
        rules: graphRules(sampling, this.#model.vocabularySize),
      })),
      uniforms: uniformsOf(rows, steps),
      steps,
      past: this.#past.arrays(rows.length),
      slots: this.#past.slots,
      withLogits: rows.some((row) => row.withLogits === true),
    });
    return this.#take(chunk, steps);
  }

  /** Lets removed sequences go, the last ones move into their rows, and the waiting ones come behind. */
  #seat(): void {
    for (let at = this.#rows.length - 1; at >= 0; at -= 1) {
      if (!this.#removed.has(this.#rows[at]!.id)) continue;
      const last = this.#rows.pop()!;
      if (at === this.#rows.length) continue;
      this.#rows[at] = last;
      this.#past.copyRow(this.#rows.length, at);
    }
    this.#rows.push(...this.#waiting.filter(({ id }) => !this.#removed.has(id)));
    this.#waiting = [];
    this.#removed.clear();
    this.#past.fit(Math.max(0, ...this.#rows.map(({ window }) => window.pastLength)), this.#rows.length);
  }

  /** Hands the tokens of a chunk to their sequences. */
  #take({ tokens, logits, keysAndValues }: Chunk, steps: number): Map<number, NewTokens> {
    const taken = new Map<number, NewTokens>();
    const rows = this.#rows;
    const width = logits.length / tokens.length; // of one token
    const kept: { row: number; slot: number; count: number }[] = [];
    for (const [at, row] of rows.entries()) {
      const count = newTokensOf(row);
      const places = Array.from({ length: count }, (_, step) => step * rows.length + at);
      const own = Int32Array.from(places, (place) => tokens[place]!);
      const slot = row.window.pastLength;
      row.window.append(own);
      row.remaining -= count;
      const finished = row.remaining === 0;
      if (!row.window.isNew) kept.push({ row: at, slot, count });
      const drawnFrom = pick(logits, row.withLogits === true ? places : [], width);
      if (!this.#removed.has(row.id)) taken.set(row.id, { tokens: own, logits: drawnFrom, finished });
      if (finished) this.#removed.add(row.id);
    }
    this.#past.fit(Math.max(0, ...rows.map(({ window }) => window.pastLength)), rows.length);
    for (const { row, ...place } of kept) {
      this.#past.put(row, place, { arrays: keysAndValues, row, length: steps });
    }
    return taken;
  }
}

/** How many tokens of the next run a sequence can use. */
function newTokensOf({ window, remaining }: Row): number {
  return Math.min(CHUNK_TOKENS, window.room, remaining);
}

/** [steps, rows], row-major; each row draws for the tokens that it will use. */
function uniformsOf(rows: readonly Row[], steps: number): Float32Array {
  const uniforms = new Float32Array(steps * rows.length).fill(0.5);
  for (const [at, row] of rows.entries()) {
    for (let step = 0; step < newTokensOf(row); step += 1) {
      uniforms[step * rows.length + at] = nextUniform(row.sampling, row.sequence.random);
    }
  }
  return uniforms;
}

/** The rows of `width` numbers at these places, one after the other. */
function pick(values: Float32Array, places: readonly number[], width: number): Float32Array {
  const picked = new Float32Array(places.length * width);
  for (const [at, place] of places.entries())
    picked.set(values.subarray(place * width, (place + 1) * width), at * width);
  return picked;
}
