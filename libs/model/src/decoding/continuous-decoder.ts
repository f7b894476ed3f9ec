import type { NewTokens } from '../sampling/new-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import { CHUNK_TOKENS, DecodingGroup, type DecodingOrder } from './decoding-group.js';
import type { DecodingModel } from './decoding-model.js';

/** Tokens of a run while somebody waits for them. Fewer enter the graph more often. */
export const SHORT_STEP_TOKENS = 4;

/** Sequences of a group of those that somebody waits for; it is small, so that one that comes waits shortly for its turn. */
const STREAMED_GROUP_SIZE = 4;

export interface ContinuousOrder extends Omit<DecodingOrder, 'id' | 'sequence'> {
  /** Whether somebody waits for its tokens: while one is decoded, the runs of all are short. */
  isStreamed?: boolean;
}

/**
 * Decodes sequences side by side, a chunk of tokens a run or a part of one. They come and go at any time, each with rules of its own; what
 * a sequence gets depends on the model, its context, its random stream and its rules, and not on the others: its tokens,
 * and the bits of its logits (batch-independence.test.ts). Memory for keys and values is taken for a group at a time.
 *
 *     const decoder = new ContinuousDecoder(model);
 *     const id = decoder.add(startSequence(prompt, place), { sampling, maxNewTokens: 100 });
 *     while (decoder.size > 0) await decoder.run((taken) => take(taken.get(id)));
 */
export class ContinuousDecoder {
  readonly #model: DecodingModel;
  readonly #groups: DecodingGroup[] = [];
  readonly #streamedGroups: DecodingGroup[] = [];
  #nextId = 0;
  #isRunning = false;

  constructor(model: DecodingModel) {
    this.#model = model;
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return sizeOf(this.#groups) + sizeOf(this.#streamedGroups);
  }

  /** Takes a sequence in; gives its number, 0 for the first. It comes into the next chunk of its group. */
  add(sequence: Sequence, { isStreamed = false, ...options }: ContinuousOrder): number {
    const id = this.#nextId;
    this.#nextId += 1;
    const group = isStreamed
      ? this.#fullestWithRoom(this.#streamedGroups, Math.min(STREAMED_GROUP_SIZE, this.#model.groupSize))
      : this.#fullestWithRoom(this.#groups, this.#model.groupSize);
    group.add({ id, sequence, ...options });
    return id;
  }

  /** Ends a sequence before its time, also during a run, which then gives nothing of it. */
  remove(id: number): void {
    for (const group of [...this.#groups, ...this.#streamedGroups]) group.remove(id);
  }

  /**
   * Decodes the next tokens of every sequence, a group after the other, and hands over those of each group by the numbers
   * of its sequences. Throws `TypeError` while another run is under way.
   */
  async run(onTokens: (taken: ReadonlyMap<number, NewTokens>) => void): Promise<void> {
    if (this.#isRunning) throw new TypeError('A run is under way: wait for it before the next one.');
    this.#isRunning = true;
    try {
      for (const group of [...this.#streamedGroups, ...this.#groups]) {
        const most = sizeOf(this.#streamedGroups) > 0 ? SHORT_STEP_TOKENS : CHUNK_TOKENS;
        if (group.size > 0) onTokens(await group.run(most));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** So that few groups are full rather than many half empty. */
  #fullestWithRoom(groups: DecodingGroup[], groupSize: number): DecodingGroup {
    const withRoom = groups.filter(({ size }) => size < groupSize);
    if (withRoom.length > 0) return withRoom.reduce((one, other) => (other.size > one.size ? other : one));
    const group = new DecodingGroup(this.#model, groupSize);
    groups.push(group);
    return group;
  }
}

function sizeOf(groups: readonly DecodingGroup[]): number {
  return groups.reduce((sum, { size }) => sum + size, 0);
}
