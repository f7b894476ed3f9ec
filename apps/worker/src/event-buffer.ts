import type { JobEvent } from '@glyphmill/jobs';

/** Events kept while Redis is away. */
const MAX_EVENTS = 10_000;

/**
 * Events that wait to be sent, so many at most. Beyond that the oldest metrics and samples go first, for what a log says
 * is said once; what was dropped is told in their place.
 */
export class EventBuffer {
  readonly #limit: number;
  #events: JobEvent[] = [];
  #dropped = 0;

  constructor(limit = MAX_EVENTS) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  add(event: JobEvent): void {
    this.#events.push(event);
    if (this.#events.length <= this.#limit) return;
    const least = this.#events.findIndex(({ type }) => type === 'metric' || type === 'sample');
    this.#events.splice(Math.max(0, least), 1);
    this.#dropped += 1;
  }

  /** All that waits, in order; the buffer is empty then. */
  take(): JobEvent[] {
    const events = this.#events;
    const dropped = this.#dropped;
    this.#events = [];
    this.#dropped = 0;
    if (dropped === 0) return events;
    const message = `Redis was away for so long that ${dropped} of the oldest metrics and samples could not be kept`;
    return [{ type: 'log', level: 'warn', message }, ...events];
  }
}
