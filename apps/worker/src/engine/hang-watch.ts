import { readFileSync } from 'node:fs';

/** What an engine must have computed nothing through to have hung: this many looks, one each so many milliseconds. */
const LOOKS = 10;
const LOOK_MS = 30_000;

/** How the watch looks at a process; tests have their own. */
export interface HangWatchOptions {
  /** How much processor time the process has used so far, in any unit; `undefined` if that is not known. */
  processorTime: () => number | undefined;
  onHang: () => void;
  looks?: number;
  lookMs?: number;
}

/**
 * Finds that a process hangs that owes an answer: it said nothing, and used no processor time at all, in ten looks in a
 * row, over five minutes. However long a step or a compilation takes, it computes; what waits for a storage or a device
 * that never answers does not. Looks are counted and not the time between them, so that neither a machine that slept nor a
 * worker that was frozen takes an engine for hung.
 */
export class HangWatch {
  readonly #options: Required<HangWatchOptions>;
  #owed = 0;
  #looking: NodeJS.Timeout | undefined;
  #last: number | undefined;
  #idleLooks = 0;

  constructor(options: HangWatchOptions) {
    this.#options = { looks: LOOKS, lookMs: LOOK_MS, ...options };
  }

  /** An answer is owed from now on, until what this returns is called. */
  expect(): () => void {
    this.#owed += 1;
    if (this.#owed === 1) {
      this.alive();
      this.#looking = setInterval(() => this.look(), this.#options.lookMs).unref();
    }
    let isOwed = true;
    return () => {
      if (!isOwed) return;
      isOwed = false;
      this.#owed -= 1;
      if (this.#owed === 0) clearInterval(this.#looking);
    };
  }

  /** The process said something. */
  alive(): void {
    this.#idleLooks = 0;
    this.#last = this.#options.processorTime();
  }

  /** Looks once. */
  look(): void {
    const now = this.#options.processorTime();
    this.#idleLooks = now === undefined || now !== this.#last ? 0 : this.#idleLooks + 1;
    this.#last = now;
    if (this.#idleLooks === this.#options.looks) this.#options.onHang();
  }
}

/** The processor time of all threads of a process so far, in the kernel's ticks; `undefined` but on Linux. */
export function processorTimeOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything, and its parenthesis: state is the first, utime and stime the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}
