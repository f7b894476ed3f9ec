import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { StoredJobEvent } from '@glyphmill/contract';
import type { EventGap } from '@glyphmill/jobs';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { ApiConfig } from '../../config.js';
import { CONFIG } from '../../connections/tokens.js';
import { JobEvents } from '../../reading/job-events.js';
import { eventMessage, HEARTBEAT, RETRY } from './event-message.js';

/**
 * Streams of server-sent events, each following one job until it is finished or deleted, its client leaves, or the API
 * ends. What a client does not take is not read: a stream holds a page of events at most.
 */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly logger = new Logger(EventStreams.name);
  private readonly followers = new Set<AbortController>();

  constructor(
    private readonly events: JobEvents,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * The events after the one with the id `after`; `undefined` if the job is finished and the client has them all.
   * Throws `JobNotFoundError`.
   */
  async open(jobId: string, after: string): Promise<Readable | undefined> {
    const follower = new AbortController();
    const events = await this.events.follow(jobId, after, follower.signal);
    if (!events) return undefined;
    const stream = new PassThrough();
    this.followers.add(follower);
    stream.once('close', () => {
      this.followers.delete(follower);
      follower.abort();
    });
    void this.send(jobId, events, stream, follower.signal);
    return stream;
  }

  beforeApplicationShutdown(): void {
    for (const follower of this.followers) follower.abort();
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
