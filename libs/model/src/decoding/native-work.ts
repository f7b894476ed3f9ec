/** What the cell holds that a thread and the one that started it share. */
const [RESTING, WORKING, ENDING] = [0, 1, 2];

/** Work of some milliseconds is waited for; a thread that hangs is not. */
const PATIENCE_MS = 10_000;

/**
 * Whether a thread is within native code. A process that ends meanwhile would be aborted: the native code, coming back,
 * finds that its thread is no more. So the end waits for it, and none begins after that.
 */
export class NativeWork {
  readonly #cell: Int32Array<SharedArrayBuffer>;
  /** Pieces of work of this thread that are under way; they may overlap. */
  #depth = 0;

  /** `shared` is of 4 bytes, zeros at first. */
  constructor(shared: SharedArrayBuffer) {
    this.#cell = new Int32Array(shared);
  }

  /** Does a piece of work. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#depth === 0) {
      while (Atomics.compareExchange(this.#cell, 0, RESTING, WORKING) === ENDING) Atomics.wait(this.#cell, 0, ENDING);
    }
    this.#depth += 1;
    try {
      return await work();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) {
        Atomics.store(this.#cell, 0, RESTING);
        Atomics.notify(this.#cell, 0);
      }
    }
  }

  /** Blocks until the thread is not within native code, and keeps it from coming there again. */
  end(): void {
    while (Atomics.compareExchange(this.#cell, 0, RESTING, ENDING) === WORKING) {
      if (Atomics.wait(this.#cell, 0, WORKING, PATIENCE_MS) === 'timed-out') return;
    }
  }
}
