import type { SamplingRules } from '../sampling/logits-processor.js';
import type { NewTokens } from '../sampling/new-tokens.js';
import type { Sequence } from '../sampling/sequence.js';
import { DecodingGroup } from './decoding-group.js';
import type { DecodingModel } from './decoding-model.js';

export interface ContinuousDecoderOptions {
  /** How many sequences there is room for; memory for keys and values is taken for a group at a time. */
  slots: number;
}

export interface ContinuousRunOptions {
  /** Whether the logits are wanted. */
  withLogits?: boolean;
  /** Called between pieces of work of some milliseconds; what it throws ends the run, and the decoder is of no more use. */
  breathe?: () => Promise<void>;
}

/**
 * Decodes sequences side by side, a chunk of tokens a run. They come and go at any time, each with rules of its own; what
 * a sequence gets depends on the model, its context, its random stream and its rules, and not on the others: its tokens,
 * and the bits of its logits (batch-independence.test.ts).
 *
 *     const decoder = new ContinuousDecoder(model, { slots: 32 });
 *     const id = decoder.add(startSequence(prompt, place), { sampling, maxNewTokens: 100 });
 *     while (decoder.size > 0) for (const [id, { tokens }] of await decoder.run()) take(id, tokens);
 */
export class ContinuousDecoder {
  readonly #model: DecodingModel;
  readonly #slots: number;
  readonly #groupSize: number;
  readonly #groups: DecodingGroup[] = [];
  #nextId = 0;
  #running = false;

  constructor(model: DecodingModel, { slots }: ContinuousDecoderOptions) {
    this.#model = model;
    this.#slots = slots;
    this.#groupSize = Math.min(model.groupSize, slots);
  }

  /** How many sequences are being decoded. */
  get size(): number {
    return this.#groups.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Takes a sequence in; gives the number by which {@link run} and {@link remove} know it. During a run it may come into
   * that run or the next. Throws `RangeError` when full.
   */
  add(sequence: Sequence, options: { sampling: SamplingRules; maxNewTokens: number }): number {
    if (this.size >= this.#slots) {
      throw new RangeError(
        `All ${this.#slots} slots are taken: wait until a sequence is finished, or open more slots.`,
      );
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#fullestWithRoom().add({ id, sequence, ...options });
    return id;
  }

  /** Ends a sequence before its time, also during a run, which then gives nothing of it. */
  remove(id: number): void {
    for (const group of this.#groups) group.remove(id);
  }

  /** The next tokens of each sequence, by its number. Throws `TypeError` while another run is under way. */
  async run({ withLogits = false, breathe }: ContinuousRunOptions = {}): Promise<Map<number, NewTokens>> {
    if (this.#running) throw new TypeError('A run is under way: wait for it before the next one.');
    this.#running = true;
    const taken = new Map<number, NewTokens>();
    try {
      for (const group of this.#groups) {
        if (group.size === 0) continue;
        await breathe?.();
        for (const [id, tokens] of await group.run({ withLogits })) taken.set(id, tokens);
      }
    } finally {
      this.#running = false;
    }
    return taken;
  }

  /** So that few groups are full rather than many half empty. */
  #fullestWithRoom(): DecodingGroup {
    const withRoom = this.#groups.filter(({ size }) => size < this.#groupSize);
    if (withRoom.length > 0) return withRoom.reduce((one, other) => (other.size > one.size ? other : one));
    const group = new DecodingGroup(this.#model, this.#groupSize);
    this.#groups.push(group);
    return group;
  }
}
