import { Job as BullJob, Queue, type IRedisTransaction } from 'bullmq';
import type { Redis } from 'ioredis';
import { lane as lanes, type Lane } from '../records/lane.js';

/** BullMQ never gives up on a delivery: whether a job is over is for its record to say. */
const NEVER = 2_147_483_647;

/** Highest number that a priority of the API becomes; BullMQ runs low numbers first, and 0 before all. */
const PRIORITY_ORIGIN = 1000;

/** The keys of a queue that BullMQ's script adds a delivery to, in the script's order. */
export const QUEUE_KEYS = [
  'marker',
  'meta',
  'id',
  'prioritized',
  'delayed',
  'completed',
  'active',
  'events',
  'pc',
] as const;

/** What scripts that add deliveries call those of all lanes. */
type LaneKey = `${Lane}:${(typeof QUEUE_KEYS)[number]}`;
export const LANE_KEYS: readonly LaneKey[] = lanes.options.flatMap((lane) =>
  QUEUE_KEYS.map((name): LaneKey => `${lane}:${name}`),
);

/** How many values one delivery has in a script's arguments. */
export const DELIVERY_VALUES = 4;

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

  /** The keys of all lanes, for scripts that add deliveries (`DELIVER`). */
  laneKeys(): Record<LaneKey, string> {
    const named = lanes.options.flatMap((lane) =>
      QUEUE_KEYS.map((name) => [`${lane}:${name}`, this.#queues[lane].toKey(name)] as const),
    );
    return Object.fromEntries(named) as Record<LaneKey, string>;
  }

  /**
   * The delivery of a job, or of one shard of it, as the values that a script adds it from (`DELIVER`); the only way
   * into BullMQ.
   */
  delivery(job: { id: string; lane: Lane; priority: number }, number: number, shard?: number): (string | Buffer)[] {
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
    return [job.lane, ...argumentsOf(delivery)];
  }

  /** The sorted set in which a lane's deliveries wait, first to run first. */
  waitingKey(lane: Lane): string {
    return this.#queues[lane].toKey('prioritized');
  }

  /** The key that exists as long as BullMQ knows a delivery. */
  deliveryKey(lane: Lane, id: string): string {
    return this.#queues[lane].toKey(id);
  }

  /** The key of BullMQ's lock of a delivery. */
  lockKey(lane: Lane, id: string): string {
    return `${this.deliveryKey(lane, id)}:lock`;
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

/** What BullMQ would call its script with, after the keys: it is asked to add the job to a transaction that only listens. */
function argumentsOf(delivery: BullJob): (string | Buffer)[] {
  let given: (string | Buffer)[] = [];
  const listener = {
    runCommand(_name: string, values: (string | Buffer)[]) {
      given = values;
    },
  };
  // The command has been given when this returns; the promise only repeats what the listener answers.
  void delivery.addJob(listener as unknown as IRedisTransaction);
  return given.slice(QUEUE_KEYS.length);
}
