import { isFinal, type StoredJobEvent } from '@glyphmill/contract';
import { type EventGap, EventHub, JobBoard } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';
import { getJob } from './get-job.js';

/** The place before a job's first event. */
export const START = '0';

/** The events of jobs, as they are kept and as they come. */
@Injectable()
export class JobEvents {
  constructor(
    private readonly jobs: JobBoard,
    private readonly hub: EventHub,
  ) {}

  /** Up to `count` events after the one with the id `after`. Throws `JobNotFoundError`. */
  async recorded(jobId: string, after: string, count: number): Promise<StoredJobEvent[]> {
    await getJob(this.jobs, jobId);
    return (await this.jobs.readEvents(jobId, after, count)).events;
  }

  /**
   * The events after the one with the id `after`, until the job is finished or deleted or the signal aborts; `undefined`
   * if the job is finished and no event follows. Throws `JobNotFoundError`.
   */
  async follow(
    jobId: string,
    after: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<StoredJobEvent | EventGap> | undefined> {
    const { state } = await getJob(this.jobs, jobId);
    if (!isFinal(state)) return this.hub.follow(jobId, after, signal);
    const { events } = await this.jobs.readEvents(jobId, after, 1);
    return events.length === 0 ? undefined : this.#past(jobId, after);
  }

  /** What is left of a finished job's events: nothing more will come, even if the final one was trimmed. */
  async *#past(jobId: string, after: string): AsyncGenerator<StoredJobEvent | EventGap> {
    for (let lastId = after; ;) {
      const { gap, events } = await this.jobs.readEvents(jobId, lastId);
      if (gap) yield { gap };
      yield* events;
      const last = events.at(-1);
      if (!last) return;
      lastId = last.id;
    }
  }
}
