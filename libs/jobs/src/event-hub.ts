import type { Redis } from 'ioredis';
import type { StoredJobEvent } from './job-event.js';
import { DEFAULT_PREFIX, JobKeys } from './job-keys.js';
import { isFinal } from './job-state.js';
import type { JobStore } from './job-store.js';

/** How long one blocking read waits; a new follower waits no longer to be read for. */
const BLOCK_MS = 1000;

/** Told instead of events that were trimmed before they could be read. */
export type EventGap = { gap: true };

interface Followed {
  /** The last entry that the hub saw, not what a follower has read. */
  lastId: string;
  wake: Set<() => void>;
}

/**
 * Follows the event streams of any number of jobs over one blocking connection. The hub only learns that a stream has
 * grown; each follower then reads on from its own place, so it sees every event once and in order.
 */
export class EventHub {
  readonly #redis: Redis;
  readonly #blocking: Redis;
  readonly #store: JobStore;
  readonly #keys: JobKeys;
  readonly #followed = new Map<string, Followed>();
  #reading: Promise<void> | undefined;
  #closed = false;

  constructor({ redis, store, prefix = DEFAULT_PREFIX }: { redis: Redis; store: JobStore; prefix?: string }) {
    this.#redis = redis;
    this.#store = store;
    this.#keys = new JobKeys(prefix);
    this.#blocking = redis.duplicate({ lazyConnect: true, commandTimeout: 0, maxRetriesPerRequest: null });
    this.#blocking.on('error', () => undefined);
  }

  /**
   * The events of a job after an id (`0` is the start) as they come, up to and with its final state. Ends early when
   * `signal` is aborted, the hub is closed, or the job is deleted.
   */
  async *follow(jobId: string, after: string, signal: AbortSignal): AsyncGenerator<StoredJobEvent | EventGap> {
    let grown = true;
    let wakeUp: () => void = () => undefined;
    const wake = () => {
      grown = true;
      wakeUp();
    };
    const stop = () => wakeUp();
    signal.addEventListener('abort', stop);
    await this.#add(jobId, wake);
    try {
      let lastId = after;
      while (!signal.aborted && !this.#closed) {
        grown = false;
        const { gap, events } = await this.#store.readEvents(jobId, lastId);
        if (gap) yield { gap: true };
        for (const stored of events) {
          lastId = stored.id;
          yield stored;
          if (stored.event.type === 'state' && isFinal(stored.event.state)) return;
        }
        if (events.length > 0) continue;
        const isThere = await this.#redis.exists(this.#keys.job(jobId));
        if (!isThere) return;
        await new Promise<void>((resolve) => {
          wakeUp = resolve;
          if (grown || signal.aborted || this.#closed) resolve();
        });
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#remove(jobId, wake);
    }
  }

  /** Ends every follower and the blocking connection. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { wake } of this.#followed.values()) for (const each of wake) each();
    this.#blocking.disconnect();
    await this.#reading;
  }

  async #add(jobId: string, wake: () => void): Promise<void> {
    const followed = this.#followed.get(jobId);
    if (followed) followed.wake.add(wake);
    else {
      const [last] = await this.#redis.xrevrange(this.#keys.events(jobId), '+', '-', 'COUNT', 1);
      const added = this.#followed.get(jobId) ?? { lastId: last?.[0] ?? '0-0', wake: new Set() };
      added.wake.add(wake);
      this.#followed.set(jobId, added);
    }
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
  }

  #remove(jobId: string, wake: () => void): void {
    const followed = this.#followed.get(jobId);
    followed?.wake.delete(wake);
    if (followed?.wake.size === 0) this.#followed.delete(jobId);
  }

  async #readAll(): Promise<void> {
    while (this.#followed.size > 0 && !this.#closed) {
      const jobIds = [...this.#followed.keys()];
      try {
        const grown = await this.#blocking.xread(
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          ...jobIds.map((id) => this.#keys.events(id)),
          ...jobIds.map((id) => this.#followed.get(id)?.lastId ?? '0-0'),
        );
        for (const [key, entries] of grown ?? []) this.#tell(jobIds.find((id) => this.#keys.events(id) === key), entries);
      } catch {
        if (this.#closed) return;
        // Redis is away: the connection comes back by itself; followers read again then, and fail if it has not.
        await new Promise((resolve) => setTimeout(resolve, BLOCK_MS));
        for (const { wake } of this.#followed.values()) for (const each of wake) each();
      }
    }
  }

  #tell(jobId: string | undefined, entries: [string, string[]][]): void {
    const followed = jobId === undefined ? undefined : this.#followed.get(jobId);
    if (!followed) return;
    followed.lastId = entries.at(-1)?.[0] ?? followed.lastId;
    for (const wake of followed.wake) wake();
  }
}
