import type { NewTokens } from '../sampling/decoder.js';
import { CHUNK_TOKENS, RunningBatch } from './running-batch.js';
import type { DecodingModel } from './decoding-session.js';
import type { DecodingRequest } from './decoding-request.js';

/** Tokens of a run while somebody waits for them. Fewer enter the graph more often. */
export const SHORT_STEP_TOKENS = 4;

/** Sequences of a batch of those that somebody waits for; it is small, so that one that comes waits shortly for its turn. */
const STREAMED_BATCH_SIZE = 4;

/**
 * Decodes sequences side by side, a chunk of tokens per run or a part of one. They come and go at any time, each with rules of its own; what
 * a sequence gets depends on the model, its context, its random stream and its rules, and not on the others: its tokens,
 * and the bits of its logits (batch-independence.test.ts). Memory for keys and values is taken for a batch at a time.
 *
 *     const decoder = new ContinuousDecoder(model);
 *     decoder.add({ id: 7, context, random: random.state(), sampling, maxNewTokens: 100 });
 *     while (decoder.size > 0) await decoder.run((taken) => take(taken.get(7)));
 */
export class ContinuousDecoder {
  readonly #model: DecodingModel;
  readonly #batches: RunningBatch[] = [];
  readonly #streamedBatches: RunningBatch[] = [];
  #isRunning = false;

  constructor(model: DecodingModel) {
    this.#model = model;
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return sizeOf(this.#batches) + sizeOf(this.#streamedBatches);
  }

  /** Takes a sequence in. It comes into the next chunk of its batch. */
  add(request: DecodingRequest): void {
    const { batchSize } = this.#model;
    const batch = request.isStreamed
      ? this.#fullestWithRoom(this.#streamedBatches, Math.min(STREAMED_BATCH_SIZE, batchSize))
      : this.#fullestWithRoom(this.#batches, batchSize);
    batch.add(request);
  }

  /** Ends a sequence before its time, even during a run, which then returns nothing of it. */
  remove(id: number): void {
    for (const batch of [...this.#batches, ...this.#streamedBatches]) batch.remove(id);
  }

  /**
   * Decodes the next tokens of every sequence, one batch after the other, and hands over those of each batch by the ids
   * of its sequences. Throws `TypeError` while another run is under way.
   */
  async run(onTokens: (taken: ReadonlyMap<number, NewTokens>) => void): Promise<void> {
    if (this.#isRunning) throw new TypeError('A run is under way: wait for it before the next one.');
    this.#isRunning = true;
    try {
      for (const batch of [...this.#streamedBatches, ...this.#batches]) {
        const most = sizeOf(this.#streamedBatches) > 0 ? SHORT_STEP_TOKENS : CHUNK_TOKENS;
        if (batch.size > 0) onTokens(await batch.run(most));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** So that few batches are full rather than many half empty. */
  #fullestWithRoom(batches: RunningBatch[], batchSize: number): RunningBatch {
    const withRoom = batches.filter(({ size }) => size < batchSize);
    if (withRoom.length > 0) return withRoom.reduce((one, other) => (other.size > one.size ? other : one));
    const batch = new RunningBatch(this.#model, batchSize);
    batches.push(batch);
    return batch;
  }
}

function sizeOf(batches: readonly RunningBatch[]): number {
  return batches.reduce((sum, { size }) => sum + size, 0);
}
