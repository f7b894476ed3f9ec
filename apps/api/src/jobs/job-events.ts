import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { isFinal, type StoredJobEvent } from '@glyphmill/contract';
import { type EventGap, EventHub, JobStore } from '@glyphmill/jobs';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../connections/tokens.js';
import { eventMessage, HEARTBEAT, RETRY } from './event-message.js';
import { getJob } from './get-job.js';

/** The place before a stream's first event. */
export const START = '0';

/**
 * Streams of server-sent events, each following one job until it is finished or deleted, its client leaves, or the api
 * ends. What a client does not take is not read: a stream holds a page of events at most.
 */
@Injectable()
export class JobEvents implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobEvents.name);
  private readonly followers = new Set<AbortController>();

  constructor(
    private readonly jobs: JobStore,
    private readonly hub: EventHub,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * The events after the one with the id `after`; `undefined` where the job is finished and the client has
   * them all. Throws `JobNotFoundError`.
   */
  async open(jobId: string, after = START): Promise<Readable | undefined> {
    const { state } = await getJob(this.jobs, jobId);
    if (isFinal(state)) {
      const { events } = await this.jobs.readEvents(jobId, after, 1);
      if (events.length === 0) return undefined;
    }
    const stream = new PassThrough();
    const follower = new AbortController();
    this.followers.add(follower);
    stream.once('close', () => {
      this.followers.delete(follower);
      follower.abort();
    });
    const { signal } = follower;
    const events = isFinal(state) ? this.past(jobId, after) : this.hub.follow(jobId, after, signal);
    void this.send(jobId, events, stream, signal);
    return stream;
  }

  beforeApplicationShutdown(): void {
    for (const follower of this.followers) follower.abort();
  }

  /** What is left of a finished job's events: nothing more will come, also where the final one was trimmed. */
  private async *past(jobId: string, after: string): AsyncGenerator<StoredJobEvent | EventGap> {
    for (let lastId = after; ;) {
      const { gap, events } = await this.jobs.readEvents(jobId, lastId);
      if (gap) yield { gap };
      yield* events;
      const last = events.at(-1);
      if (!last) return;
      lastId = last.id;
    }
  }

  private async send(
    jobId: string,
    events: AsyncIterable<StoredJobEvent | EventGap>,
    stream: PassThrough,
    signal: AbortSignal,
  ): Promise<void> {
    const heartbeat = setInterval(() => {
      // A client that takes nothing needs no reminder; it would only pile up.
      if (!stream.writableNeedDrain) stream.write(HEARTBEAT);
    }, this.config.heartbeatMs);
    try {
      stream.write(RETRY);
      for await (const event of events) {
        if (!stream.write(eventMessage(event))) await once(stream, 'drain', { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.logger.warn('an event stream broke off', { job: jobId, reason: String(error) });
    } finally {
      clearInterval(heartbeat);
      stream.end();
    }
  }
}
