import { setTimeout as wait } from 'node:timers/promises';
import { BackOff } from './back-off.js';
import type { Part, PartDiedError } from './part.js';

const REASON_CHARACTERS = 600;

interface SupervisorOptions<Ready> {
  name: string;
  /** Starts the part; `before` is what it said when it last served, so that it comes back where others look for it. */
  start: (before: Ready | undefined) => Part<Ready>;
  /** Hears who died, why, and when it comes back, a line each. Left out: a part that died stays dead. */
  onTrouble: ((line: string) => void) | undefined;
}

/**
 * Keeps one part of the stack running. The very first start must succeed: a setting that cannot be used is not tried
 * again. From then on the part is started again whenever it ends, after a back-off, as often as it takes.
 */
export class Supervisor<Ready> {
  readonly #options: SupervisorOptions<Ready>;
  readonly #backOff = new BackOff();
  readonly #stopping = new AbortController();
  #part: Part<Ready> | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: SupervisorOptions<Ready>) {
    this.#options = options;
  }

  /** Starts the part for the first time. Throws {@link PartDiedError} where it ends before it serves. */
  async start(): Promise<Ready> {
    const part = this.#options.start(undefined);
    this.#part = part;
    const ready = await part.ready;
    this.#watching = this.#watch(part, ready);
    // It is told to whoever asks for the death.
    this.#watching.catch(() => undefined);
    return ready;
  }

  /** Throws the death that the part is not brought back from; never resolves. */
  async untilDead(): Promise<never> {
    await this.#watching;
    return await new Promise<never>(() => undefined);
  }

  /** Ends the part in order, also one that is just coming back, and starts it no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#part?.stop();
    await this.#watching?.catch(() => undefined);
  }

  /** Sees that the part ends although nobody waits for that; for the end of this process. */
  abandon(): void {
    this.#stopping.abort();
    this.#part?.abandon();
  }

  async #watch(first: Part<Ready>, ready: Ready): Promise<void> {
    const { name, start, onTrouble } = this.#options;
    let part = first;
    let before = ready;
    for (;;) {
      const servesSince = performance.now();
      let death = await part.ended;
      const diedAt = performance.now();
      let servedMs = diedAt - servesSince;
      for (;;) {
        if (this.#stopping.signal.aborted) return;
        if (!onTrouble) throw death;
        const delayMs = this.#backOff.afterDeath(servedMs);
        servedMs = 0;
        onTrouble(`${inOneLine(death)}; it starts again in ${delayMs / 1000} s`);
        await wait(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        if (this.#stopping.signal.aborted) return;
        part = start(before);
        this.#part = part;
        const served = await part.ready.catch(() => undefined);
        if (served !== undefined) {
          before = served;
          break;
        }
        death = await part.ended;
      }
      onTrouble(`${name} is back after ${((performance.now() - diedAt) / 1000).toFixed(1)} s`);
    }
  }
}

function inOneLine({ message }: PartDiedError): string {
  const line = message.trim().replaceAll(/\s*\n\s*/gu, ' ');
  return line.length > REASON_CHARACTERS ? `${line.slice(0, REASON_CHARACTERS)} …` : line;
}
