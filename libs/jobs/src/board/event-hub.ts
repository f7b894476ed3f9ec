import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { isFinal, type StoredJobEvent } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import type { EventPage } from '../records/job-events.js';
import { DEFAULT_PREFIX, JobKeys } from '../records/job-keys.js';
import type { JobBoard } from './job-board.js';
import { isRedisUnavailable } from '../redis/redis-refusal.js';

/** How long one blocking read waits. */
const BLOCK_MS = 5000;

/** After how much silence the blocking connection counts as dead and is made anew. */
const SILENCE_MS = 2 * BLOCK_MS;

/** How long to wait before Redis is asked again where it is away. */
const RETRY_MS = 500;

/** How long the stream that wakes a hub outlives it. */
const FORGET_MS = 60_000;

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
  readonly #store: JobBoard;
  readonly #keys: JobKeys;
  readonly #followed = new Map<string, Followed>();
  /** A stream of the hub's own, read with the others: an entry in it ends a read that lacks a new job. */
  readonly #wakeKey: string;
  #reading: Promise<void> | undefined;
  #closed = false;

  readonly #blockMs: number;

  /** `blockMs`: how long one blocking read waits, and how often followed jobs are looked for that were deleted. */
  constructor({
    redis,
    store,
    prefix = DEFAULT_PREFIX,
    blockMs = BLOCK_MS,
  }: {
    redis: Redis;
    store: JobBoard;
    prefix?: string;
    blockMs?: number;
  }) {
    this.#blockMs = blockMs;
    this.#redis = redis;
    this.#store = store;
    this.#keys = new JobKeys(prefix);
    this.#wakeKey = this.#keys.hub(randomUUID());
    this.#blocking = redis.duplicate({
      lazyConnect: true,
      maxRetriesPerRequest: null,
      commandTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
    });
    this.#blocking.on('error', () => undefined);
  }

  /**
   * The events of a job after an id (`0` is the start) as they come, up to and with its final state. While Redis is
   * away it waits. Ends early when `signal` is aborted, the hub is closed, or the job is deleted.
   */
  async *follow(jobId: string, after: string, signal: AbortSignal): AsyncGenerator<StoredJobEvent | EventGap> {
    let grown = false;
    let wakeUp: () => void = () => undefined;
    const wake = () => {
      grown = true;
      wakeUp();
    };
    const stop = () => wakeUp();
    signal.addEventListener('abort', stop);
    try {
      let lastId = after;
      while (!signal.aborted && !this.#closed) {
        grown = false;
        const page = await this.#read(jobId, lastId);
        if (!page) {
          await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
          continue;
        }
        if (page.gap) yield { gap: true };
        for (const stored of page.events) {
          lastId = stored.id;
          yield stored;
          if (stored.event.type === 'state' && isFinal(stored.event.state)) return;
        }
        if (page.events.length > 0) continue;
        if (page.state === undefined || isFinal(page.state)) return;
        this.#add(jobId, lastId, wake);
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

  /** What comes after an id, or `undefined` while Redis is away. */
  async #read(jobId: string, lastId: string): Promise<EventPage | undefined> {
    try {
      return await this.#store.readEvents(jobId, lastId);
    } catch (error) {
      if (isRedisUnavailable(error)) return undefined;
      throw error;
    }
  }

  /** Has a follower, which has read up to `lastId`, told when the stream grows. */
  #add(jobId: string, lastId: string, wake: () => void): void {
    const followed = this.#followed.get(jobId);
    if (followed) {
      if (followed.wake.has(wake)) return;
      followed.wake.add(wake);
      // The hub may have seen entries that came after this follower read.
      wake();
      return;
    }
    this.#followed.set(jobId, { lastId, wake: new Set([wake]) });
    if (this.#reading) this.#interrupt();
    else this.#startReading();
  }

  #remove(jobId: string, wake: () => void): void {
    const followed = this.#followed.get(jobId);
    followed?.wake.delete(wake);
    if (followed?.wake.size === 0) this.#followed.delete(jobId);
  }

  #startReading(): void {
    this.#reading = this.#readAll().finally(() => {
      this.#reading = undefined;
      // A follower may have come after the last look.
      if (this.#followed.size > 0 && !this.#closed) this.#startReading();
    });
  }

  /** Makes the blocking read start anew; where that fails it does so by itself after a few seconds. */
  #interrupt(): void {
    void this.#redis
      .multi()
      .xadd(this.#wakeKey, 'MAXLEN', 1, '*', 'wake', '')
      .pexpire(this.#wakeKey, FORGET_MS)
      .exec()
      .catch(() => undefined);
  }

  async #readAll(): Promise<void> {
    let lastWake = '0-0';
    let lookedAt = performance.now();
    while (this.#followed.size > 0 && !this.#closed) {
      const followed = new Map([...this.#followed].map(([jobId, each]) => [this.#keys.events(jobId), each]));
      try {
        const lastIds = [...followed.values()].map(({ lastId }) => lastId);
        const streams = [...followed.keys(), this.#wakeKey, ...lastIds, lastWake];
        for (const [key, entries] of (await this.#blocking.xread('BLOCK', this.#blockMs, 'STREAMS', ...streams)) ??
          []) {
          const newest = entries.at(-1)?.[0];
          const grown = followed.get(key);
          if (newest === undefined) continue;
          if (!grown) lastWake = newest;
          else {
            grown.lastId = newest;
            for (const each of grown.wake) each();
          }
        }
        if (performance.now() - lookedAt >= this.#blockMs) {
          lookedAt = performance.now();
          await this.#wakeFollowersOfDeleted();
        }
      } catch {
        if (this.#closed) return;
        // Redis is away, and the connection comes back by itself. The followers look whether their job is still there.
        await wait(RETRY_MS);
        for (const { wake } of followed.values()) for (const each of wake) each();
      }
    }
  }

  /** A stream that is deleted ends no blocking read; its last entry may have come and gone between two of them. */
  async #wakeFollowersOfDeleted(): Promise<void> {
    for (const jobId of await this.#store.missing([...this.#followed.keys()])) {
      for (const each of this.#followed.get(jobId)?.wake ?? []) each();
    }
  }
}
