/** One Ctrl-C may arrive twice, from the terminal and from npm; later than this it is another one. */
const SAME_PRESS_MS = 1000;

/**
 * Returns a signal that is aborted at SIGINT or SIGTERM, from when on a second press of Ctrl-C ends the process at once:
 * its services end with it, but jobs may not be handed back.
 */
export function listenForInterruption(signals: NodeJS.EventEmitter = process): AbortSignal {
  const interruption = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    signals.on(name, () => {
      if (!interruption.signal.aborted) {
        firstAt = performance.now();
        interruption.abort(new InterruptedError(name));
      } else if (performance.now() - firstAt > SAME_PRESS_MS) process.exit(130);
    });
  }
  return interruption.signal;
}

/** Someone asked for the end. */
export class InterruptedError extends Error {
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
  }
}

/** Rejects with the signal's reason once it is aborted; never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}
