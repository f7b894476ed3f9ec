import { setImmediate } from 'node:timers/promises';

const INTERVAL_MS = 40;

/** Lets messages, timers and signals be handled between the pieces of a long computation, which calls it after each. */
export type YieldToEventLoop = () => Promise<void>;

/**
 * A function that gives the event loop a turn if the last one was a while ago, and throws the signal's reason once it is
 * aborted.
 */
export function eventLoopYield(signal?: AbortSignal): YieldToEventLoop {
  let lastMs = performance.now();
  return async () => {
    if (performance.now() - lastMs >= INTERVAL_MS) {
      await setImmediate();
      lastMs = performance.now();
    }
    signal?.throwIfAborted();
  };
}
