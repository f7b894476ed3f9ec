const FIRST_MS = 500;
const MOST_MS = 30_000;

/** How long a part must have served for its next death to count as a first one. */
const STEADY_MS = 60_000;

/** How long to wait before a part that died is started again: twice as long each time, up to half a minute. */
export class BackOff {
  #deaths = 0;

  /** The wait in milliseconds after a death; `servedMs` is how long the part had served, 0 where it did not start. */
  afterDeath(servedMs: number): number {
    if (servedMs >= STEADY_MS) this.#deaths = 0;
    this.#deaths += 1;
    return Math.min(MOST_MS, FIRST_MS * 2 ** (this.#deaths - 1));
  }
}
