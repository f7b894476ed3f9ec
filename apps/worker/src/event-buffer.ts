import type { JobEvent } from '@glyphmill/contract';

/** Events kept while Redis is away, and how many characters of text they may have together. */
const MAX_EVENTS = 10_000;
const MAX_CHARACTERS = 16 * 1024 ** 2;

/** Bounds of what waits. */
interface Limits {
  events?: number;
  characters?: number;
}

/**
 * Events that wait to be sent, so many at most and with so much text. Beyond that the oldest metrics and samples go first,
 * for what a log says is said once; what was dropped is reported in their place.
 */
export class EventBuffer {
  readonly #maxEvents: number;
  readonly #maxCharacters: number;
  #events: JobEvent[] = [];
  #characters = 0;
  #dropped = 0;

  constructor({ events = MAX_EVENTS, characters = MAX_CHARACTERS }: Limits = {}) {
    this.#maxEvents = events;
    this.#maxCharacters = characters;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  add(event: JobEvent): void {
    this.#events.push(event);
    this.#characters += charactersOf(event);
    while (this.#events.length > this.#maxEvents || this.#characters > this.#maxCharacters) this.#drop();
  }

  /** All that waits, in order; the buffer is empty then. */
  take(): JobEvent[] {
    const events = this.#events;
    const dropped = this.#dropped;
    this.#events = [];
    this.#characters = 0;
    this.#dropped = 0;
    if (dropped === 0) return events;
    const message = `Redis was away for so long that ${dropped} of the oldest metrics and samples could not be kept`;
    return [{ type: 'log', level: 'warn', message }, ...events];
  }

  #drop(): void {
    const least = this.#events.findIndex(({ type }) => type === 'metric' || type === 'sample');
    const [dropped] = this.#events.splice(Math.max(0, least), 1);
    if (!dropped) return;
    this.#characters -= charactersOf(dropped);
    this.#dropped += 1;
  }
}

function charactersOf(event: JobEvent): number {
  if ('text' in event) return event.text.length;
  return 'message' in event ? event.message.length : 0;
}
