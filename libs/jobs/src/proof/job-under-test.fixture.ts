import { JOB_STATES, type JobEvent, trainRequest } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { JobStateConflictError } from '../board/errors.js';
import { JobKeys } from '../records/job-keys.js';
import type { Action, Ending, JobModel } from './job-model.fixture.js';
import { WorkedBoard } from '../testing/worked-board.js';
import { JobRescuer } from '../board/job-rescuer.js';
import type { WorkerOutcome } from '../kinds/kind.js';

const OUTCOMES: Record<Ending, WorkerOutcome<'train'>> = {
  succeeded: { state: 'succeeded', result: { model: 'model_1', trainLoss: 2.4, validationLoss: 2.5 } },
  failed: { state: 'failed', error: { code: 'engine_died', message: 'it died', retryable: false } },
  retry: { state: 'failed', error: { code: 'engine_died', message: 'it died', retryable: true } },
  'handed-back': { state: 'handed-back' },
  paused: { state: 'paused' },
};

/** What there is to see of a job, in the words of the model. */
export type Seen = Pick<
  JobModel,
  | 'state'
  | 'spent'
  | 'delivery'
  | 'lease'
  | 'isCommitting'
  | 'isToPause'
  | 'isDue'
  | 'error'
  | 'checkpoints'
  | 'furthestStep'
  | 'events'
> & {
  /** The states in whose index the job is. */
  indexed: string[];
};

/** A real train job, and one store for each of its clients, each on a connection of its own. */
export class JobUnderTest {
  readonly #keys: JobKeys;
  readonly #rescuers = new Map<number, JobRescuer>();

  private constructor(
    readonly id: string,
    readonly prefix: string,
    readonly redis: Redis,
    readonly clients: readonly WorkedBoard[],
  ) {
    this.#keys = new JobKeys(prefix);
  }

  static async create(connections: readonly Redis[], prefix: string, maxAttempts: number): Promise<JobUnderTest> {
    const clients = connections.map((redis) => new WorkedBoard({ redis, prefix }));
    const request = trainRequest.parse({ dataset: 'moby-dick', model: { kind: 'bigram' }, maxAttempts });
    const [job] = await clients[0]!.create([{ kind: 'train', request }]);
    return new JobUnderTest(job!.id, prefix, connections[0]!, clients);
  }

  /** Does an action as one of the clients, and returns its answer in the words of the model. */
  async perform(client: number, action: Action): Promise<unknown> {
    const store = this.clients[client]!;
    const { id } = this;
    switch (action.do) {
      case 'deliver': {
        const lock = this.#lockKey(action.delivery);
        await (action.worker === null ? this.redis.del(lock) : this.redis.set(lock, action.worker));
        return null;
      }
      case 'claim': {
        const { delivery, token, worker } = action;
        const claimed = await store.claim(id, { delivery, token, worker, lock: worker });
        if (!claimed) return 'refused';
        return { spent: claimed.attempts, checkpoints: claimed.checkpoints.map(({ key }) => key) };
      }
      case 'report': {
        const { token, sequence } = action;
        const events: JobEvent[] = [{ type: 'log', level: 'info', message: `${token} ${sequence}` }];
        return await store.report(id, token, sequence, { events });
      }
      case 'checkpoint': {
        const { token, step } = action;
        const saved = await store.saveCheckpoint(id, token, { key: `${step} ${token}`, step });
        return saved.held ? saved.checkpoints.map(({ key }) => key) : 'lost';
      }
      case 'commit':
        return await store.startCommitting(id, action.token);
      case 'settle':
        return (await store.settle(id, action.token, OUTCOMES[action.ending])) ?? 'lost';
      case 'cancel':
        return await unlessConflict('cancelled', store.cancel(id));
      case 'pause':
        return await unlessConflict('paused', store.pause(id));
      case 'resume':
        return await unlessConflict('resumed', store.resume(id));
      case 'rescue':
        await this.redis.zadd(this.#keys.due(), 'XX', 0, id);
        return await this.#rescuerOf(client).releaseDue();
    }
  }

  async see(): Promise<Seen> {
    const { id } = this;
    const [record, due, { events }] = await Promise.all([
      this.redis.hgetall(this.#keys.job(id)),
      this.redis.zscore(this.#keys.due(), id),
      this.clients[0]!.readEvents(id, '0'),
    ]);
    const indexes = await Promise.all(
      JOB_STATES.map(async (state) =>
        (await this.redis.zscore(this.#keys.inState('train', state), id)) === null ? [] : [state],
      ),
    );
    const error = z.object({ code: z.string() }).parse(JSON.parse(record['error'] ?? '{"code":""}')).code;
    const checkpoints = await this.clients[0]!.checkpoints(id);
    return {
      state: JOB_STATES.find((state) => state === record['state'])!,
      spent: Number(record['spent']),
      delivery: Number(record['delivery']),
      lease: record['lease'] ?? null,
      isCommitting: record['phase'] === 'committing',
      isToPause: record['requested'] === 'pause',
      isDue: due !== null,
      error: error === '' ? null : error,
      checkpoints: checkpoints.map(({ key }) => key),
      furthestStep: Number(record['furthestStep'] ?? 0),
      events: events.map(({ event }) => inWords(event)),
      indexed: indexes.flat(),
    };
  }

  /** Whether BullMQ has the job's newest delivery. */
  async isDelivered(number: number): Promise<boolean> {
    return (await this.redis.exists(`${this.prefix}:train:${this.id}.${number}`)) === 1;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#rescuers.values()].map((rescuer) => rescuer.stop()));
    await Promise.all(this.clients.map((client) => client.close()));
  }

  #rescuerOf(client: number): JobRescuer {
    const rescuer = this.#rescuers.get(client) ?? new JobRescuer({ redis: this.redis, prefix: this.prefix });
    this.#rescuers.set(client, rescuer);
    return rescuer;
  }

  #lockKey(delivery: number): string {
    return `${this.prefix}:train:${this.id}.${delivery}:lock`;
  }
}

/** What there must be to see of a job, by its model. */
export function seenOf(model: JobModel): Seen {
  const { maxAttempts: _, holders: __, heard: ___, settled: ____, ...seen } = model;
  return { ...seen, indexed: [model.state] };
}

async function unlessConflict(answer: string, asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return answer;
  } catch (error) {
    if (error instanceof JobStateConflictError) return 'conflict';
    throw error;
  }
}

function inWords(event: JobEvent): string {
  if (event.type === 'state') return event.error ? `${event.state}: ${event.error.code}` : event.state;
  if (event.type === 'checkpoint') return `checkpoint ${event.step}`;
  return event.type === 'log' ? `log ${event.message}` : event.type;
}
