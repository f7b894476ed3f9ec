import { Breath } from '../sampling/breath.js';
import type { Decoder, DecodingOptions } from '../sampling/decoder.js';
import type { Sequence } from '../sampling/sequence.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import type { DecodingModel } from './decoding-model.js';

/** Groups that take turns: with a second one a step is still short, and the places of the first are never all empty. */
const GROUPS = 2;

/** How much of a call is worth handing over at once, so that its own sequences take the places that become free. */
const BATCH_GROUPS = 8;

/** One call of {@link SharedDecoder.decode}. */
interface Call extends DecodingOptions {
  sequences: readonly Sequence[];
  /** Index of the next sequence that is not decoded yet. */
  next: number;
  /** Its sequences that are being decoded: their index by their number in the decoder. */
  decoding: Map<number, number>;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Decodes the sequences of all calls side by side, a chunk of tokens at a time: a place that is free goes to the next
 * sequence at once, of each call in turn, so that a long call never keeps a short one waiting. What a sequence gets does not
 * depend on the others.
 */
export class SharedDecoder implements Decoder {
  readonly batchSize: number;
  readonly #slots: number;
  readonly #model: DecodingModel;
  readonly #breath = new Breath();
  #decoder: ContinuousDecoder;
  #calls: Call[] = [];
  #isRunning = false;

  constructor(model: DecodingModel) {
    this.batchSize = BATCH_GROUPS * model.groupSize;
    this.#slots = GROUPS * model.groupSize;
    this.#model = model;
    this.#decoder = this.#newDecoder();
  }

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<void> {
    if (sequences.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#calls.push({ ...options, sequences, next: 0, decoding: new Map(), resolve, reject });
      void this.#run();
    });
  }

  /** Runs while there are calls; one run serves all. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#calls.length > 0) {
        await this.#breathe();
        this.#admit();
        if (this.#decoder.size > 0) await this.#step();
      }
    } catch (error) {
      for (const call of this.#calls) this.#end(call, () => call.reject(error));
      this.#decoder = this.#newDecoder(); // The other is of no more use.
    } finally {
      this.#isRunning = false;
    }
  }

  /** Each call has its breath; one that throws ends alone. */
  async #breathe(): Promise<void> {
    for (const call of this.#calls) {
      try {
        await call.breathe();
      } catch (reason) {
        this.#end(call, () => call.reject(reason));
      }
    }
  }

  /** Free places go to the calls in turn, first to those that have the fewest. */
  #admit(): void {
    while (this.#decoder.size < this.#slots) {
      const waiting = this.#calls.filter(({ next, sequences }) => next < sequences.length);
      if (waiting.length === 0) return;
      const call = waiting.reduce((one, other) => (other.decoding.size < one.decoding.size ? other : one));
      const { sampling, maxNewTokens } = call;
      call.decoding.set(this.#decoder.add(call.sequences[call.next]!, { sampling, maxNewTokens }), call.next);
      call.next += 1;
    }
  }

  async #step(): Promise<void> {
    const withLogits = this.#calls.some((call) => call.withLogits === true);
    const taken = await this.#decoder.run({ withLogits, breathe: this.#breath.take });
    for (const call of this.#calls) {
      for (const [id, index] of call.decoding) {
        const tokens = taken.get(id);
        if (tokens === undefined) continue;
        const goesOn = call.onTokens(index, tokens);
        if (!goesOn) this.#decoder.remove(id);
        if (!goesOn || tokens.finished) call.decoding.delete(id);
      }
      if (call.decoding.size > 0 || call.next < call.sequences.length) continue;
      this.#end(call, call.resolve);
    }
  }

  #end(call: Call, tell: () => void): void {
    for (const id of call.decoding.keys()) this.#decoder.remove(id);
    this.#calls = this.#calls.filter((other) => other !== call);
    tell();
  }

  #newDecoder(): ContinuousDecoder {
    return new ContinuousDecoder(this.#model, { slots: this.#slots });
  }
}
