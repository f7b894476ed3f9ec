/** Something that is done again and again, one at a time: a round that takes long is not overtaken by the next. */
export class RepeatedTask {
  readonly #timer: NodeJS.Timeout;
  #underWay: Promise<unknown> | undefined;

  /** The first round begins after `everyMs` milliseconds. An error goes to `onError`, and the next round is tried. */
  constructor(everyMs: number, round: () => Promise<unknown>, onError: (error: unknown) => void) {
    this.#timer = setInterval(() => {
      this.#underWay ??= round()
        .catch(onError)
        .finally(() => {
          this.#underWay = undefined;
        });
    }, everyMs);
  }

  /** Begins no more rounds, and returns when the one under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }
}
