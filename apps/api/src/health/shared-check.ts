/** How a check ended. */
export type CheckResult = { passed: true } | { passed: false; error: unknown };

/**
 * A check whose result is shared: whoever asks while it runs waits for the same one, and whoever asks soon after gets its
 * result. However often it is asked, and by whom, what it costs is bounded.
 */
export class SharedCheck {
  readonly #check: () => Promise<unknown>;
  readonly #keptMs: { passed: number; failed: number };
  #latest: { result: Promise<CheckResult>; keptUntil: number } | undefined;

  /** `keptMs`: for how long a result is given again, by what it was. */
  constructor(check: () => Promise<unknown>, keptMs: { passed: number; failed: number }) {
    this.#check = check;
    this.#keptMs = keptMs;
  }

  /** Whether the check passed when it was last made, or what it threw; never rejects. */
  result(): Promise<CheckResult> {
    if (this.#latest && performance.now() < this.#latest.keptUntil) return this.#latest.result;
    const result = this.#check().then(
      (): CheckResult => ({ passed: true }),
      (error: unknown): CheckResult => ({ passed: false, error }),
    );
    const latest = { result, keptUntil: Infinity };
    this.#latest = latest;
    void result.then(({ passed }) => {
      latest.keptUntil = performance.now() + (passed ? this.#keptMs.passed : this.#keptMs.failed);
    });
    return result;
  }
}
