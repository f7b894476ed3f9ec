import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { type EventGap, EventHub, isFinal, JobStore, type StoredJobEvent } from '@glyphmill/jobs';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { eventMessage, HEARTBEAT, RETRY } from './event-message.js';
import { getJob } from './get-job.js';

/** The place before a stream's first event. */
export const START = '0';

const HEARTBEAT_MS = 15_000;

/** Streams of server-sent events, each following one job until it is finished, its client leaves, or the api ends. */
@Injectable()
export class JobEvents implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobEvents.name);
  private readonly shutdown = new AbortController();

  constructor(
    private readonly jobs: JobStore,
    private readonly hub: EventHub,
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
    const left = new AbortController();
    stream.once('close', () => left.abort());
    const signal = AbortSignal.any([left.signal, this.shutdown.signal]);
    const events = isFinal(state) ? this.past(jobId, after) : this.hub.follow(jobId, after, signal);
    void this.send(jobId, events, stream, signal);
    return stream;
  }

  beforeApplicationShutdown(): void {
    this.shutdown.abort();
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
    const heartbeat = setInterval(() => stream.write(HEARTBEAT), HEARTBEAT_MS);
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
