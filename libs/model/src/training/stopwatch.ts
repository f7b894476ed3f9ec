/** How long something took that is done piece by piece. */
export class Stopwatch {
  #seconds = 0;

  /** Runs and times a piece; gives what it gives. */
  time<Result>(piece: () => Result): Result {
    const start = performance.now();
    const result = piece();
    this.#seconds += (performance.now() - start) / 1000;
    return result;
  }

  /** How many a second; 0 before anything was timed. */
  rateOf(count: number): number {
    return this.#seconds === 0 ? 0 : count / this.#seconds;
  }
}
