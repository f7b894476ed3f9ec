import { setImmediate } from 'node:timers/promises';

const INTERVAL_MS = 40;

/** Lets a long computation be interrupted: messages, timers and signals are handled between its pieces. */
export class Breath {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Gives the event loop a turn where the last one was a while ago; throws the signal's reason once it is aborted. */
  readonly take = async (): Promise<void> => {
    if (performance.now() - this.#last >= INTERVAL_MS) {
      await setImmediate();
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  };
}
