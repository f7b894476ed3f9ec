import { eventItemOf, type EventPage, eventQuery, identifier } from '@glyphmill/contract';
import { Controller, Get, Headers, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ApiProblems } from '../../openapi/api-problems.js';
import { JobEvents, START } from '../../reading/job-events.js';
import { parseEventId } from './last-event-id.js';
import { EventStreams } from './event-streams.js';

@ApiTags('jobs')
@Controller('api/jobs/:id/events')
export class JobEventsController {
  constructor(
    private readonly events: JobEvents,
    private readonly streams: EventStreams,
  ) {}

  @Get()
  @ApiOperation({
    summary: "A job's events",
    description:
      'Server-sent events from the first on, or from the one after `Last-Event-ID`, until the job is finished; a ' +
      'reconnect then gets 204, which ends an EventSource. An event `gap` stands where events are no longer kept. ' +
      'With `format=json` the events so far, at once. Of a generate job with `stream`, the events `text` of one ' +
      '(promptIndex, sampleIndex) are pieces of its text, in order and each once; the last has a `finishReason`.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event that came; empty for all events.',
    schema: { type: 'string', pattern: '^([0-9]{1,15}-[0-9]{1,15})?$', examples: ['1767225600000-0'] },
  })
  @ApiOkResponse({
    description: 'The events: each has an id, its type as its name, and as data one of the items of `EventPage`.',
    content: {
      'text/event-stream': { schema: { $ref: '#/components/schemas/EventMessage' } },
      'application/json': { schema: { $ref: '#/components/schemas/EventPage' } },
    },
  })
  @ApiNoContentResponse({ description: 'The job is finished and `Last-Event-ID` is its last event.' })
  @ApiProblems('invalid_request', 'job_not_found', 'queue_unavailable')
  async get(
    @Param('id', { schema: identifier }) id: string,
    @Query({ schema: eventQuery }) query: z.output<typeof eventQuery>,
    @Headers('last-event-id') lastSeen: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | EventPage | undefined> {
    const after = (lastSeen ? parseEventId(lastSeen) : query.after) ?? START;
    if (query.format === 'json') return this.page(id, query.limit, after);
    const stream = await this.streams.open(id, after);
    if (!stream) {
      void reply.code(204);
      return undefined;
    }
    // Proxies such as nginx hold a stream back unless told not to.
    void reply.header('cache-control', 'no-cache').header('x-accel-buffering', 'no');
    return new StreamableFile(stream, { type: 'text/event-stream' });
  }

  private async page(id: string, limit: number, after: string): Promise<EventPage> {
    const events = await this.events.recorded(id, after, limit + 1);
    const data = events.slice(0, limit).map(eventItemOf);
    return { data, nextCursor: events.length > limit ? (data.at(-1)?.id ?? null) : null };
  }
}
