import type { NewTokens } from '../sampling/new-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import { DecodingGroup, type DecodingOrder } from './decoding-group.js';
import type { DecodingModel } from './decoding-model.js';

/**
 * Decodes sequences side by side, a chunk of tokens a run. They come and go at any time, each with rules of its own; what
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
  #nextId = 0;
  #isRunning = false;

  constructor(model: DecodingModel) {
    this.#model = model;
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return this.#groups.reduce((sum, { size }) => sum + size, 0);
  }

  /** Takes a sequence in; gives its number, 0 for the first. During a run it may come into that run or the next. */
  add(sequence: Sequence, options: Omit<DecodingOrder, 'id' | 'sequence'>): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#fullestWithRoom().add({ id, sequence, ...options });
    return id;
  }

  /** Ends a sequence before its time, also during a run, which then gives nothing of it. */
  remove(id: number): void {
    for (const group of this.#groups) group.remove(id);
  }

  /**
   * Decodes the next tokens of every sequence, a group after the other, and hands over those of each group by the numbers
   * of its sequences. Throws `TypeError` while another run is under way.
   */
  async run(onTokens: (taken: ReadonlyMap<number, NewTokens>) => void): Promise<void> {
    if (this.#isRunning) throw new TypeError('A run is under way: wait for it before the next one.');
    this.#isRunning = true;
    try {
      for (const group of this.#groups) {
        if (group.size > 0) onTokens(await group.run());
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** So that few groups are full rather than many half empty. */
  #fullestWithRoom(): DecodingGroup {
    const withRoom = this.#groups.filter(({ size }) => size < this.#model.groupSize);
    if (withRoom.length > 0) return withRoom.reduce((one, other) => (other.size > one.size ? other : one));
    const group = new DecodingGroup(this.#model, this.#model.groupSize);
    this.#groups.push(group);
    return group;
  }
}
