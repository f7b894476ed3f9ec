import { setTimeout as wait } from 'node:timers/promises';
import { type Job as BullJob, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { parseDeliveryId } from './delivery-queue.js';
import { DEFAULT_PREFIX } from '../records/job-keys.js';
import type { Lane } from '../records/lane.js';
import { connectRedis } from '../redis/redis-connection.js';

/** BullMQ's hint that a job may want to run here. */
export interface Delivery {
  /** The lane that it came by. */
  lane: Lane;
  jobId: string;
  /** The shard whose ticket it is; `undefined` for a job that is one piece. */
  shard: number | undefined;
  /** Which of the deliveries of the job or the shard it is; only the newest may claim it. */
  number: number;
  /** The value of BullMQ's lock on it, which shows at the claim that it was not given to another worker since. */
  lock: string;
  /** Aborted when BullMQ took the delivery away, because its lock could not be renewed. */
  signal: AbortSignal;
}

/** Thrown by a handler to give the delivery back to its queue, ahead of its priority's peers. */
export class HandBack extends Error {
  readonly code = 'hand_back';
}

interface DeliveryWorkerOptions {
  lane: Lane;
  redisUrl: string;
  prefix?: string;
  /** What is done with a delivery; an error it throws goes to `onError`, and brings the delivery back after a second. */
  handle: (delivery: Delivery) => Promise<void>;
  onError: (error: Error) => void;
  /** How many deliveries are handled at once. */
  concurrency?: number;
  /** How long a worker that died keeps its deliveries. */
  lockDurationMs?: number;
  /** How often workers look for deliveries of the dead. */
  stalledIntervalMs?: number;
}

const NEVER = 2_147_483_647;

/** How long BullMQ may take to close once nothing is handled: where its connection is away it would wait for ever. */
const CLOSE_MS = 2000;

/** Takes the deliveries of one lane. */
export class DeliveryWorker {
  readonly #worker: Worker;
  readonly #connection: Redis;
  /** What is being handled. */
  readonly #handling = new Set<Promise<void>>();

  constructor({ lane, redisUrl, prefix = DEFAULT_PREFIX, handle, onError, ...options }: DeliveryWorkerOptions) {
    this.#connection = connectRedis(redisUrl, 'worker', onError);
    // BullMQ makes an AbortSignal only for a processor that declares three parameters.
    const processor = async (delivery: BullJob, lock?: string, signal?: AbortSignal): Promise<void> => {
      const named = parseDeliveryId(delivery.id ?? '');
      try {
        await handle({ lane, ...named, lock: lock ?? '', signal: signal ?? new AbortController().signal });
      } catch (error) {
        if (!(error instanceof HandBack)) throw error;
        await delivery.moveToWait(lock);
        throw new WaitingError();
      }
    };
    const tracked = (delivery: BullJob, lock?: string, signal?: AbortSignal): Promise<void> => {
      const handled = processor(delivery, lock, signal);
      this.#handling.add(handled);
      return handled.finally(() => this.#handling.delete(handled));
    };
    this.#worker = new Worker(lane, tracked, {
      connection: this.#connection,
      prefix,
      concurrency: options.concurrency ?? 1,
      lockDuration: options.lockDurationMs ?? 15_000,
      stalledInterval: options.stalledIntervalMs ?? 5000,
      maxStalledCount: NEVER,
      runRetryDelay: 1000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#worker.on('error', onError);
    this.#worker.on('failed', (_delivery, error) => onError(error));
    // After a lost lock BullMQ itself would let the processor run to its end.
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#worker.cancelJob(id, 'the lock was lost');
    });
  }

  /** Takes no more deliveries, and returns when those it has are done. */
  async close(): Promise<void> {
    const closed = new AbortController();
    await Promise.race([this.#worker.close(), this.#idle(closed.signal)]);
    closed.abort();
    this.#connection.disconnect();
  }

  /** Resolves when nothing was handled for a while, or at the signal. */
  async #idle(signal: AbortSignal): Promise<void> {
    do {
      await Promise.allSettled(this.#handling);
      await wait(CLOSE_MS, undefined, { signal }).catch(() => undefined);
    } while (this.#handling.size > 0 && !signal.aborted);
  }
}
