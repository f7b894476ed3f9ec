import { Job as BullJob, Queue, type IRedisTransaction } from 'bullmq';
import type { Redis } from 'ioredis';
import { lane as lanes, type Lane } from './lane.js';

/** BullMQ never gives up on a delivery: whether a job is over is for its record to say. */
const NEVER = 2_147_483_647;

/** Highest number that a priority of the api becomes; BullMQ runs low numbers first, and 0 before all. */
const PRIORITY_ORIGIN = 1000;

/** The id of the `number`-th delivery of a job, or of one shard of it: that shard's ticket. */
export function deliveryId(jobId: string, number: number, shard?: number): string {
  return shard === undefined ? `${jobId}.${number}` : `${jobId}.${shard}.${number}`;
}

/** The job, the shard where it is one of a job in shards, and the number that a delivery's id names. */
export function parseDeliveryId(id: string): { jobId: string; shard: number | undefined; number: number } {
  const [jobId = '', ...numbers] = id.split('.');
  return { jobId, shard: numbers.length > 1 ? Number(numbers[0]) : undefined, number: Number(numbers.at(-1)) };
}

/** The door into BullMQ: one queue a lane, and nothing in a delivery but its id. */
export class DeliveryQueue {
  readonly #queues: Record<Lane, Queue>;

  constructor(
    redis: Redis,
    readonly prefix: string,
  ) {
    const open = (lane: Lane) => {
      // Asking the server's version would make the queue useless for good where Redis is away at the start.
      const queue = new Queue(lane, { connection: redis, prefix, skipWaitingForReady: true, skipVersionCheck: true });
      // The connection's owner listens to its errors; without a listener here an error would end the process.
      queue.on('error', () => undefined);
      return queue;
    };
    this.#queues = { train: open('train'), generate: open('generate'), 'generate-now': open('generate-now') };
  }

  /** A transaction that deliveries and scripts can be added to. */
  async transaction(): Promise<IRedisTransaction> {
    return (await this.#queues.train.getBackend().client).multi();
  }

  /** Adds the delivery of a job, or of one shard of it, to a transaction; the only way into BullMQ. */
  release(
    transaction: IRedisTransaction,
    job: { id: string; lane: Lane; priority: number },
    number: number,
    shard?: number,
  ): void {
    const delivery = new BullJob(
      this.#queues[job.lane],
      'run',
      {},
      {
        attempts: NEVER,
        backoff: { type: 'fixed', delay: 1000 },
        priority: PRIORITY_ORIGIN - job.priority,
        removeOnComplete: true,
        removeOnFail: true,
      },
      deliveryId(job.id, number, shard),
    );
    // The commands are in the transaction when this returns; the promise only repeats what exec() gives.
    void delivery.addJob(transaction);
  }

  /** The sorted set in which a lane's deliveries wait, first to run first. */
  waitingKey(lane: Lane): string {
    return this.#queues[lane].toKey('prioritized');
  }

  /** The key that is there as long as BullMQ knows a delivery. */
  deliveryKey(lane: Lane, id: string): string {
    return this.#queues[lane].toKey(id);
  }

  /** Takes a waiting delivery out of BullMQ; harmless where it is not there or at work. */
  async withdraw(lane: Lane, id: string): Promise<void> {
    await this.#queues[lane].remove(id).catch(() => undefined);
  }

  /** Ends the queues; the connection stays its owner's. */
  async close(): Promise<void> {
    await Promise.all(lanes.options.map((lane) => this.#queues[lane].close()));
  }
}
