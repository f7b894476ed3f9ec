import { identifier, type Job, job } from '@glyphmill/contract';
import { JobBoard } from '@glyphmill/jobs';
import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../openapi/api-problems.js';

/** What can be asked of a job while it lives. Each is 202 even if it is so already. */
@ApiTags('jobs')
@Controller('api/jobs/:id')
export class JobControlController {
  constructor(private readonly jobs: JobBoard) {}

  @Post('cancel')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a job',
    description: 'Final at once, whoever runs it; a running engine ends within a second or two. Again is the same.',
  })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The cancelled job.' })
  @ApiProblems('invalid_request', 'job_not_found', 'job_state_conflict', 'queue_unavailable')
  cancel(@Param('id', { schema: identifier }) id: string): Promise<Job> {
    return this.jobs.cancel(id);
  }

  @Post('pause')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Pause a job',
    description:
      'A job that waits is paused at once. One that runs shows `requested: "pause"` until its worker has kept a ' +
      'checkpoint, or given back its shards; no attempt is spent. What is done stays, and `/output` shows it.',
  })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The job, paused or about to be.' })
  @ApiProblems('invalid_request', 'job_not_found', 'job_state_conflict', 'queue_unavailable')
  pause(@Param('id', { schema: identifier }) id: string): Promise<Job> {
    return this.jobs.pause(id);
  }

  @Post('resume')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Continue with a paused job',
    description:
      'It is queued again, and continues from where it stopped. A job that is about to pause continues to run.',
  })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The job, queued or running.' })
  @ApiProblems('invalid_request', 'job_not_found', 'job_state_conflict', 'queue_unavailable')
  resume(@Param('id', { schema: identifier }) id: string): Promise<Job> {
    return this.jobs.resume(id);
  }
}
