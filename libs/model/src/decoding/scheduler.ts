import type { Decoder, DecodingOptions } from '../sampling/decoder.js';
import type { NewTokens } from '../sampling/decoder.js';
import type { Sequence } from '../sampling/sequence.js';
import { decodingRequest } from './decoding-request.js';
import { DecodingThread, DecodingThreadEndedError } from './decoding-thread.js';
import type { ThreadSettings } from './thread-messages.js';

/** Batches of a thread that take turns: with a second one a step is still short, and while it runs the first is filled again. */
const BATCHES = 2;

/** Places of a thread for sequences that somebody waits for, beyond the others: none of them waits for a long one's place. */
const STREAMED_SLOTS = 8;

/** How much of a call is worth handing over at once, so that its own sequences take the places that become free. */
const BATCHES_A_CALL = 8;

const CLOSED = 'The model was closed before its sequences were decoded: open it again.';

/** One call of {@link Scheduler.decode}. */
interface Call extends DecodingOptions {
  sequences: readonly Sequence[];
  /** Index of the next sequence that is not decoded yet. */
  next: number;
  /** How many of its sequences are being decoded. */
  decoding: number;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** A thread and what it decodes: whose sequence an id is. */
interface Place {
  thread: DecodingThread;
  sequences: Map<number, { call: Call; index: number }>;
}

/**
 * Decodes the sequences of all calls side by side, over threads of its own. A place that is free goes to the next sequence
 * at once, of each call in turn, so that a long call never keeps a short one waiting. What a sequence gets does not depend
 * on the others, nor on the thread. A thread starts when there is something for it to do; one that ended of an error takes
 * its calls with it, and another is started for the next.
 */
export class Scheduler implements Decoder {
  readonly #settings: ThreadSettings;
  #batchSize = 1;
  #places: Place[] = [];
  #calls: Call[] = [];
  #isClosed = false;
  #nextId = 0;

  private constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  /** Throws what keeps a thread from opening the model, such as `DeviceUnavailableError`. */
  static async open(settings: ThreadSettings): Promise<Scheduler> {
    const decoder = new Scheduler(settings);
    const { batchSize } = await decoder.#startThread().thread.opened;
    decoder.#batchSize = batchSize;
    return decoder;
  }

  get batchSize(): number {
    return BATCHES_A_CALL * this.#batchSize * this.#settings.decodingThreads;
  }

  async decode(sequences: readonly Sequence[], options: DecodingOptions): Promise<void> {
    if (sequences.length === 0) return;
    await options.yieldToEventLoop();
    if (this.#isClosed) throw new DecodingThreadEndedError(CLOSED);
    await new Promise<void>((resolve, reject) => {
      this.#calls.push({ ...options, sequences, next: 0, decoding: 0, resolve, reject });
      this.#admit();
    });
  }

  /** The logits of model.onnx: ids [rows, columns], row-major → [rows, columns, vocabulary], row-major. */
  readonly logits = async (ids: Int32Array, rows: number, columns: number): Promise<Float32Array> =>
    await (this.#places[0] ?? this.#startThread()).thread.logits(ids, rows, columns);

  /** Ends the threads; calls that are under way are rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const call of this.#calls) this.#end(call, () => call.reject(new DecodingThreadEndedError(CLOSED)));
    await Promise.all(this.#places.map(({ thread }) => thread.close()));
  }

  /** Free places go to the calls in turn, first to those that have the fewest. */
  #admit(): void {
    this.#admitKind(true, STREAMED_SLOTS);
    this.#admitKind(false, BATCHES * this.#batchSize);
  }

  #admitKind(isStreamed: boolean, slots: number): void {
    for (;;) {
      const waiting = this.#calls.filter(
        (call) => (call.isStreamed ?? false) === isStreamed && call.next < call.sequences.length,
      );
      if (waiting.length === 0) return;
      const place = this.#freestPlace(isStreamed);
      if (takenSlots(place, isStreamed) >= slots) return;
      const call = waiting.reduce((one, other) => (other.decoding < one.decoding ? other : one));
      const index = call.next;
      const id = this.#nextId;
      this.#nextId += 1;
      place.thread.add(decodingRequest(id, call.sequences[index]!, call, this.#settings));
      place.sequences.set(id, { call, index });
      call.next += 1;
      call.decoding += 1;
    }
  }

  /** The thread with the fewest sequences of the kind; a new one where all have some and more are allowed. */
  #freestPlace(isStreamed: boolean): Place {
    const allBusy = this.#places.every(({ sequences }) => sequences.size > 0);
    if (allBusy && this.#places.length < this.#settings.decodingThreads) return this.#startThread();
    const [freest] = this.#places.toSorted(
      (one, other) =>
        takenSlots(one, isStreamed) - takenSlots(other, isStreamed) || one.sequences.size - other.sequences.size,
    );
    return freest!;
  }

  #startThread(): Place {
    const thread = new DecodingThread(this.#settings, {
      onTokens: (taken) => this.#take(place, taken),
      onEnd: (reason) => this.#abandon(place, reason),
    });
    const place: Place = { thread, sequences: new Map() };
    this.#places.push(place);
    return place;
  }

  #take({ thread, sequences }: Place, taken: ReadonlyMap<number, NewTokens>): void {
    for (const [id, tokens] of taken) {
      const sequence = sequences.get(id);
      if (sequence === undefined) continue; // its call has ended
      const goesOn = this.#handOver(sequence, tokens);
      if (goesOn && !tokens.finished) continue;
      if (!tokens.finished) thread.remove(id);
      if (sequences.delete(id)) sequence.call.decoding -= 1;
    }
    for (const call of this.#calls) {
      if (call.decoding === 0 && call.next === call.sequences.length) this.#end(call, call.resolve);
      // Each call yields for itself; one that throws ends alone.
      else void call.yieldToEventLoop().catch((reason: unknown) => this.#end(call, () => call.reject(reason)));
    }
    this.#admit();
  }

  /** Whether the sequence shall continue. */
  #handOver({ call, index }: { call: Call; index: number }, tokens: NewTokens): boolean {
    try {
      return call.onTokens(index, tokens);
    } catch (reason) {
      this.#end(call, () => call.reject(reason));
      return false;
    }
  }

  /** A thread has ended: so do the calls that had sequences there. */
  #abandon(place: Place, reason: unknown): void {
    this.#places = this.#places.filter((other) => other !== place);
    for (const call of new Set(Array.from(place.sequences.values(), (sequence) => sequence.call))) {
      this.#end(call, () => call.reject(reason));
    }
    this.#admit();
  }

  /** Ends a call, once. */
  #end(call: Call, tell: () => void): void {
    if (!this.#calls.includes(call)) return;
    this.#calls = this.#calls.filter((other) => other !== call);
    for (const { thread, sequences } of this.#places) {
      for (const [id, sequence] of sequences) {
        if (sequence.call !== call) continue;
        thread.remove(id);
        sequences.delete(id);
      }
    }
    tell();
  }
}

/** How many places of a thread those have that are streamed, or those that are not. */
function takenSlots({ sequences }: Place, isStreamed: boolean): number {
  return [...sequences.values()].filter(({ call }) => (call.isStreamed ?? false) === isStreamed).length;
}
