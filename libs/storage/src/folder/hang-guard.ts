import { StorageUnavailableError } from '../errors.js';

/** How many calls to the file system may be under way: one thread less than Node's pool has, for all else that needs one. */
const SLOTS = 3;

/** How long a call may take to answer; a read or write moves at most some megabytes, so each answer is progress. */
export const HANG_MS = 60_000;

interface GuardedCall<T> {
  /** Ends the waiting, with its reason; the call itself cannot be stopped. */
  signal?: AbortSignal | undefined;
  /** Instead of the guard's own limit, for calls that do much at once. */
  limitMs?: number | undefined;
  /** Takes what a call yields that nobody waits for any longer. */
  discard?: (late: T) => void;
}

/**
 * Calls to a file system that may never answer, as that of a server that is away does: they occupy a thread of Node's
 * small pool for as long as they hang, and no signal reaches them. Whoever waits is let go, at its own signal or at the
 * time limit; some threads always stay free; and once every slot hangs, further calls are refused at once.
 */
export class HangGuard {
  readonly #limitMs: number;
  #freeSlots: number;
  /** Of the slots in use those whose call is beyond its time limit. */
  #hanging = 0;
  readonly #waiting = new Set<{ start: () => void; refuse: (error: Error) => void }>();
  readonly #slots: number;

  constructor({ slots = SLOTS, limitMs = HANG_MS } = {}) {
    this.#slots = slots;
    this.#freeSlots = slots;
    this.#limitMs = limitMs;
  }

  /** Returns what `call` yields. Throws its error, the signal's reason, or `StorageUnavailableError` (`ETIMEDOUT`). */
  async run<T>(call: () => Promise<T>, { signal, limitMs = this.#limitMs, discard }: GuardedCall<T> = {}): Promise<T> {
    signal?.throwIfAborted();
    if (this.#freeSlots > 0) this.#freeSlots -= 1;
    else await this.#turn(signal);
    return await new Promise<T>((resolve, reject) => {
      let isHanging = false;
      let isOver = false;
      const leave = (error: Error) => {
        isOver = true;
        reject(error);
      };
      const abort = () => leave(signal?.reason as Error);
      const timer = setTimeout(() => {
        isHanging = true;
        this.#hanging += 1;
        leave(hangs(limitMs));
        if (this.#hanging === this.#slots) for (const { refuse } of this.#waiting) refuse(hangs(limitMs));
      }, limitMs);
      timer.unref();
      signal?.addEventListener('abort', abort, { once: true });
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (isHanging) this.#hanging -= 1;
        this.#release();
      };
      call().then(
        (value) => {
          end();
          if (isOver) discard?.(value);
          else resolve(value);
        },
        (error: Error) => {
          end();
          reject(error);
        },
      );
    });
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#hanging === this.#slots) throw hangs(this.#limitMs);
    await new Promise<void>((resolve, reject) => {
      const leave = (error: Error) => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
        reject(error);
      };
      const abort = () => leave(signal?.reason as Error);
      const waiter = {
        start: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        refuse: leave,
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#freeSlots += 1;
    else {
      this.#waiting.delete(next);
      next.start();
    }
  }
}

function hangs(limitMs: number): StorageUnavailableError {
  const explain = (place: string) =>
    `No answer from ${place} within ${limitMs / 1000} seconds. See that its disk or server is there and answers.`;
  return new StorageUnavailableError('ETIMEDOUT', explain, undefined);
}
