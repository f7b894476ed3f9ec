import { identifier, job, type Job, type JobListQuery, jobListQuery, jobPage, type Page } from '@glyphmill/contract';
import { JobBoard } from '@glyphmill/jobs';
import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../openapi/api-problems.js';
import { getWholeJob } from '../../reading/get-job.js';
import { JobFiles } from '../../upkeep/job-files.js';

/** Jobs as they are. */
@ApiTags('jobs')
@Controller('api/jobs')
export class JobsController {
  constructor(
    private readonly jobs: JobBoard,
    private readonly files: JobFiles,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the jobs',
    description:
      'Newest first, without prompts. A filtered page may be short, or empty, and still have a `nextCursor`.',
  })
  @ApiOkResponse({ standardSchema: jobPage, description: 'A page of jobs.' })
  @ApiProblems('invalid_request', 'queue_unavailable')
  list(@Query({ schema: jobListQuery }) query: JobListQuery): Promise<Page<Job>> {
    return this.jobs.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A job as it is now', description: 'With the prompts that came with its request.' })
  @ApiOkResponse({ standardSchema: job, description: 'The job.' })
  @ApiProblems('invalid_request', 'job_not_found', 'queue_unavailable')
  get(@Param('id', { schema: identifier }) id: string): Promise<Job> {
    return getWholeJob(this.jobs, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a finished job',
    description:
      'With its events, its generated text, and the checkpoints that no other job continues from. A model that it trained ' +
      'stays. A job that is not finished must be cancelled first.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('invalid_request', 'job_not_found', 'job_state_conflict', 'queue_unavailable')
  async delete(@Param('id', { schema: identifier }) id: string): Promise<void> {
    await this.files.remove(id);
  }
}
