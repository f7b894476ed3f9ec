import { RandomStream } from '@glyphmill/data';
import type { NewTokens } from '../sampling/decoder.js';
import { see, type SeenTokens, seenTokens } from '../sampling/seen-tokens.js';
import type { DecodingModel } from './decoding-session.js';
import type { ChunkCache, StepResults } from './decoding-session.js';
import { DecodingWindow } from './decoding-window.js';
import type { DecodingRequest } from './decoding-request.js';
import { graphRules, nextUniform } from './graph-rules.js';
import { prefill } from './prefill.js';
import { KvCache } from './kv-cache.js';

/** Tokens that a sequence gets in one chunk at most. More carry longer chunks along, fewer enter the past more often. */
export const CHUNK_TOKENS = 16;

const NO_CHUNK: ChunkCache = { length: 0, arrays: [] };

interface Row {
  readonly request: DecodingRequest;
  readonly random: RandomStream;
  readonly window: DecodingWindow;
  /** All tokens so far, even those that the window has left behind. */
  readonly seen: SeenTokens;
  remaining: number;
  /** How many tokens it gets in this chunk: where its chunks begin depends on the sequence alone. */
  share: number;
  /** Those that it has got. */
  drawn: number[];
}

/**
 * Sequences that are one batch of the decoding graph; they come and go between chunks. A chunk may be made in several runs
 * of fewer steps, which changes nothing but when its tokens are known.
 */
export class RunningBatch {
  readonly #model: DecodingModel;
  readonly #cache: KvCache;
  /** In the order of the rows of `#cache`. */
  #rows: Row[] = [];
  /** To come into the batch with the next chunk. */
  #waiting: Row[] = [];
  readonly #removed = new Set<number>();
  #chunk = NO_CHUNK;

  /** `rows` is how many sequences there is room for; memory for their keys and values is taken at once. */
  constructor(model: DecodingModel, rows: number) {
    this.#model = model;
    this.#cache = new KvCache(model.decoding.sizes, { rows, length: model.blockSize });
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return this.#rows.length + this.#waiting.length - this.#removed.size;
  }

  /** Takes a sequence in; there must be room. */
  add(request: DecodingRequest): void {
    const { context, seen: before = context, maxNewTokens } = request;
    this.#waiting.push({
      request,
      random: RandomStream.fromState(request.random),
      window: new DecodingWindow(context, this.#model.blockSize),
      seen: seenTokens(before, this.#model.vocabularySize),
      remaining: maxNewTokens,
      share: 0,
      drawn: [],
    });
  }

  /** Ends a sequence, if it is one of this batch, even during a run, which then returns nothing of it. */
  remove(id: number): void {
    if ([...this.#rows, ...this.#waiting].some(({ request }) => request.id === id)) this.#removed.add(id);
  }

  /**
   * The next tokens of each sequence, `most` at most and no more than to the end of the chunk, by its id. Blocks the
   * event loop for most of its time.
   */
  async run(most = CHUNK_TOKENS): Promise<Map<number, NewTokens>> {
    this.#endChunk();
    if (this.#chunk.length === 0) {
      this.#seat();
      await prefill(
        this.#model,
        this.#rows.map(({ window }) => window),
        this.#cache,
      );
    }
    const rows = this.#rows;
    if (rows.length === 0) return new Map();
    const steps = Math.min(most, this.#length - this.#chunk.length);
    const results = await this.#model.decoding.run({
      rows: rows.map(({ request, window, drawn, seen }) => ({
        lastToken: drawn.at(-1) ?? window.lastToken,
        pastLength: window.pastLength,
        rules: graphRules(request.sampling, this.#model.vocabularySize),
        seen,
      })),
      uniforms: uniformsOf(rows, steps),
      steps,
      past: this.#cache.arrays(rows.length),
      slots: this.#cache.slots,
      chunk: this.#chunk,
      withLogits: rows.some(({ request }) => request.withLogits === true),
    });
    const taken = this.#take(results, steps);
    this.#endChunk();
    return taken;
  }

  /** How long the chunk becomes for those who are left. */
  get #length(): number {
    return Math.max(0, ...this.#rows.map(({ request, share }) => (this.#removed.has(request.id) ? 0 : share)));
  }

  /** Lets removed sequences go, the last ones move into their rows, and the waiting ones come behind. */
  #seat(): void {
    for (let at = this.#rows.length - 1; at >= 0; at -= 1) {
      if (!this.#removed.has(this.#rows[at]!.request.id)) continue;
      const last = this.#rows.pop()!;
      if (at === this.#rows.length) continue;
      this.#rows[at] = last;
      this.#cache.copyRow(this.#rows.length, at);
    }
    this.#rows.push(...this.#waiting.filter(({ request }) => !this.#removed.has(request.id)));
    this.#waiting = [];
    this.#removed.clear();
    for (const row of this.#rows) row.share = Math.min(CHUNK_TOKENS, row.window.room, row.remaining);
    this.#fitCache();
  }

  /** Hands the tokens of a run to their sequences. */
  #take({ tokens, logits, chunk }: StepResults, steps: number): Map<number, NewTokens> {
    const taken = new Map<number, NewTokens>();
    const rows = this.#rows;
    const width = logits.length / tokens.length; // of one token
    for (const [at, row] of rows.entries()) {
      const count = Math.min(steps, row.share - row.drawn.length);
      const places = Array.from({ length: count }, (_, step) => step * rows.length + at);
      const own = Int32Array.from(places, (place) => tokens[place]!);
      row.drawn.push(...own);
      see(row.seen, own);
      row.remaining -= count;
      const finished = row.remaining === 0;
      const { id, withLogits = false } = row.request;
      if (count === 0 || this.#removed.has(id)) continue;
      taken.set(id, { tokens: own, logits: pick(logits, withLogits ? places : [], width), finished });
      if (finished) this.#removed.add(id);
    }
    this.#chunk = chunk;
    return taken;
  }

  /** Where all have their share, the chunk becomes past. */
  #endChunk(): void {
    const { length, arrays } = this.#chunk;
    if (length === 0 || length < this.#length) return;
    const kept: { row: number; slot: number; count: number }[] = [];
    for (const [at, { request, window, drawn }] of this.#rows.entries()) {
      if (this.#removed.has(request.id)) continue;
      const slot = window.pastLength;
      window.append(drawn);
      if (!window.isNew) kept.push({ row: at, slot, count: drawn.length });
      drawn.length = 0;
    }
    this.#fitCache();
    for (const { row, ...place } of kept) this.#cache.put(row, place, { arrays, row, length });
    this.#chunk = NO_CHUNK;
  }

  #fitCache(): void {
    this.#cache.fit(Math.max(0, ...this.#rows.map(({ window }) => window.pastLength)), this.#rows.length);
  }
}

/** [steps, rows], row-major; each row draws for the tokens that it will use. */
function uniformsOf(rows: readonly Row[], steps: number): Float32Array {
  const uniforms = new Float32Array(steps * rows.length).fill(0.5);
  for (const [at, { share, drawn, request, random }] of rows.entries()) {
    for (let step = 0; step < Math.min(steps, share - drawn.length); step += 1) {
      uniforms[step * rows.length + at] = nextUniform(request.sampling, random);
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
