/** How fast a training run goes. Its first step, in which TensorFlow compiles, is no measure of the others. */
export class Pace {
  readonly #startedAtMs = performance.now();
  #steps = 0;
  #timedTokens = 0;
  #timedMs = 0;
  #batches = 0;
  #batchStartedAtMs: number | undefined;
  #timedBatches = 0;
  #batchMs = 0;

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Takes a step of so many tokens, and times it unless it is the first; returns what it yields. */
  step<Result>(tokens: number, take: () => Result): Result {
    const start = performance.now();
    const result = take();
    if (this.#steps > 0) {
      this.#timedMs += performance.now() - start;
      this.#timedTokens += tokens;
    }
    this.#steps += 1;
    return result;
  }

  /** In the steps alone, without what is done between them; 0 before anything was timed. */
  get tokensPerSecond(): number {
    return this.#timedMs === 0 ? 0 : (1000 * this.#timedTokens) / this.#timedMs;
  }

  /** How long so many steps will take with all that is done between them; null before the first. */
  etaSeconds(steps: number): number | null {
    if (steps === 0) return 0;
    if (this.#steps === 0) return null;
    return (steps * (performance.now() - this.#startedAtMs)) / 1000 / this.#steps;
  }

  /** Times a batch of an evaluation from one call to the next; the first of all, in which TensorFlow compiles, is left out. */
  startBatch(): void {
    this.endBatch();
    this.#batchStartedAtMs = performance.now();
  }

  /** Ends the timing of the last batch of an evaluation. */
  endBatch(): void {
    if (this.#batchStartedAtMs === undefined) return;
    this.#batches += 1;
    if (this.#batches > 1) {
      this.#batchMs += performance.now() - this.#batchStartedAtMs;
      this.#timedBatches += 1;
    }
    this.#batchStartedAtMs = undefined;
  }

  /** How long so many batches of an evaluation will take; null before one was timed. */
  evaluationSeconds(batches: number): number | null {
    if (batches === 0) return 0;
    return this.#timedBatches === 0 ? null : (batches * this.#batchMs) / 1000 / this.#timedBatches;
  }
}
