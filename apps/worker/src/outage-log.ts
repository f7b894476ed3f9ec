import { redisRefusal } from '@glyphmill/jobs';

/** How often an outage that lasts is reported again. */
const REMIND_MS = 10_000;

/** The part of a log that is needed here. */
interface Warning {
  warn(about: object, what: string): void;
}

/** Reports what goes wrong with Redis: at once if it is new, and otherwise now and then, with how often it came. */
export class OutageLog {
  readonly #log: Warning;
  readonly #now: () => number;
  readonly #last = new Map<string, { atMs: number; unsaid: number }>();

  constructor(log: Warning, now = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Reports an error of a connection, or of what is asked on one. */
  report(error: Error, source: 'redis' | 'queue'): void {
    const refusal = redisRefusal(error);
    const reason = refusal?.message ?? error.message;
    const known = this.#last.get(reason);
    if (known && this.#now() - known.atMs < REMIND_MS) {
      known.unsaid += 1;
      return;
    }
    const again = known && known.unsaid > 0 ? { again: known.unsaid } : {};
    this.#last.set(reason, { atMs: this.#now(), unsaid: 0 });
    this.#log.warn({ error: error.message, ...(refusal && { remedy: refusal.message }), ...again }, source);
  }
}
