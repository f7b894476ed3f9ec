import { JOB_STATES, type JobKind, type JobState } from '@glyphmill/contract';
import type { Redis } from 'ioredis';
import { JobsInRedis } from '../deliveries/jobs-in-redis.js';
import type { Claimant } from '../kinds/kind.js';
import { kindNamed, kindOfLane } from '../kinds/kinds.js';
import { EVENT_PAGE, type EventPage, readEvents } from '../records/job-events.js';
import { promptList } from '../records/prompt-store.js';
import { type AnyHold, Hold } from './hold.js';

/** How workers come to jobs. */
export class JobClaims {
  readonly #jobs: JobsInRedis;

  constructor({ redis, prefix }: { redis: Redis; prefix?: string }) {
    this.#jobs = new JobsInRedis(redis, prefix);
  }

  /**
   * Takes a job, or a shard of one, for a worker under a new lease token, if its record wants to run, the shard is not
   * committed, and the delivery is the newest; else returns `undefined`. What another worker left running is taken over,
   * and an attempt spent.
   */
  async claim(id: string, by: Claimant): Promise<AnyHold | undefined> {
    const kind = kindOfLane(by.lane);
    return kind === 'train' ? await this.#hold('train', id, by) : await this.#hold('generate', id, by);
  }

  /**
   * The prompts in a job's record; `undefined` if they are a dataset's or in storage, or there is no such job.
   */
  async recordedPrompts(id: string): Promise<string[] | undefined> {
    const text = await this.#jobs.redis.hget(this.#jobs.keys.job(id), 'prompts');
    return text === null ? undefined : promptList.parse(JSON.parse(text));
  }

  /** The state of a job, or `undefined` if there is none. */
  async stateOf(id: string): Promise<JobState | undefined> {
    const found = await this.#jobs.redis.hget(this.#jobs.keys.job(id), 'state');
    return JOB_STATES.find((state) => state === found);
  }

  /** Up to a page of events after `after` (`0` is the start). */
  async readEvents(id: string, after: string): Promise<EventPage> {
    return await readEvents(this.#jobs.redis, this.#jobs.keys, id, after, EVENT_PAGE);
  }

  /** Ends what this itself opened; the connection stays its owner's. */
  async close(): Promise<void> {
    await this.#jobs.close();
  }

  async #hold<Kind extends JobKind>(kind: Kind, id: string, by: Claimant): Promise<Hold<Kind> | undefined> {
    const job = await kindNamed(kind).claim(this.#jobs, id, by);
    return job && new Hold(this.#jobs, kind, job, by.token);
  }
}
