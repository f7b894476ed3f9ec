import { setTimeout as wait } from 'node:timers/promises';
import { INTERACTIVE_LIMITS, type TextEvent } from '@glyphmill/contract';
import type { OutputLine } from '@glyphmill/model/config';
import type { TextGrowth } from '@glyphmill/model/generation';
import type { Lease } from '../lease.js';
import { type SequencePlace, sequenceName, type ToldText } from './told-text.js';

/** The most text that a sequence of a streamed job can have: a token is a character of one or two UTF-16 code units. */
const MAX_LENGTH = 2 * INTERACTIVE_LIMITS.tokens;

/** How long what is new may wait for more of its sequence to travel with it. */
const GATHERING_MS = 25;

/**
 * Reports the texts of a job's sequences as they grow. What the job's events tell already, because another attempt or
 * another engine came so far, is not told again: a sequence's text is the same whenever it is made.
 */
export class TextStream {
  readonly #lease: Pick<Lease, 'post' | 'flush'>;
  readonly #told: Map<string, ToldText>;
  /** What is to be told next, one event per sequence. */
  readonly #waiting = new Map<string, TextEvent>();
  #isTelling = false;

  /** `told` is what the job's events tell so far, by the sequences' names. */
  constructor(lease: Pick<Lease, 'post' | 'flush'>, told: Map<string, ToldText>) {
    this.#lease = lease;
    this.#told = told;
  }

  /** Reports what is new in more of a sequence's text: at once, or where something was told just before a moment later. */
  grow(growth: TextGrowth): void {
    this.#gather(growth);
    void this.#tell();
  }

  /** Reports, before the job ends, what was not reported yet of a line, or why the line could not be made. */
  end(line: OutputLine): void {
    const { promptIndex, sampleIndex } = line;
    if ('error' in line) this.#gatherError({ promptIndex, sampleIndex }, line.error);
    else {
      const { text, tokenCount, finishReason } = line;
      this.#gather({ promptIndex, sampleIndex, start: 0, text, tokenCount, finishReason });
    }
    this.#post();
  }

  #gather({ promptIndex, sampleIndex, start, text, tokenCount, finishReason }: TextGrowth): void {
    const place = { promptIndex, sampleIndex };
    if (this.#isBeyond(place)) return;
    const told = this.#toldOf(place);
    const fresh = text.slice(Math.max(0, told.length - start));
    if (told.isEnded || (fresh === '' && finishReason === undefined)) return;
    if (told.length + fresh.length > MAX_LENGTH) return;
    told.length += fresh.length;
    told.isEnded = finishReason !== undefined;
    const before = this.#waiting.get(sequenceName(place))?.text ?? '';
    this.#waiting.set(sequenceName(place), {
      type: 'text',
      ...place,
      text: before + fresh,
      tokenCount,
      ...(finishReason && { finishReason }),
    });
  }

  #gatherError(place: SequencePlace, error: NonNullable<TextEvent['error']>): void {
    const told = this.#toldOf(place);
    if (told.isEnded) return;
    told.isEnded = true;
    this.#waiting.set(sequenceName(place), { type: 'text', ...place, text: '', tokenCount: 0, error });
  }

  /** Whether a place is one more than a streamed job can have; whatever an engine sends, no more is ever held. */
  #isBeyond(place: SequencePlace): boolean {
    return !this.#told.has(sequenceName(place)) && this.#told.size >= INTERACTIVE_LIMITS.sequences;
  }

  #toldOf(place: SequencePlace): ToldText {
    const name = sequenceName(place);
    const told = this.#told.get(name) ?? { length: 0, isEnded: false };
    this.#told.set(name, told);
    return told;
  }

  /** Continues while there is something to tell; while Redis is slow, more gathers. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#waiting.size > 0) {
      this.#post();
      await Promise.all([this.#lease.flush(), wait(GATHERING_MS)]);
    }
    this.#isTelling = false;
  }

  #post(): void {
    for (const event of this.#waiting.values()) this.#lease.post(event);
    this.#waiting.clear();
  }
}
