import {
  type GenerateRequest,
  generateRequest,
  type Job,
  job,
  type JobDraft,
  JobStore,
  type TrainRequest,
  trainRequest,
} from '@glyphmill/jobs';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../openapi/api-problems.js';
import type { Page } from '../paging/page.js';
import { resourceId } from '../paging/resource-id.js';
import { Problem } from '../problem/problem.js';
import { Admission } from './admission.js';
import { getJob } from './get-job.js';
import { jobListQuery, type JobListQuery, jobPage } from './job-list.js';

@ApiTags('jobs')
@Controller('api/jobs')
export class JobsController {
  constructor(
    private readonly jobs: JobStore,
    private readonly admission: Admission,
  ) {}

  @Post('train')
  @HttpCode(202)
  @ApiOperation({ summary: 'Train a model', description: 'Queues a job. The answer shows every default it was given.' })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The queued job; `Location` names it.' })
  @ApiProblems(
    'malformed_json',
    'invalid_request',
    'body_too_large',
    'unsupported_media_type',
    'unknown_dataset',
    'text_too_uniform',
    'text_too_short',
    'would_not_fit',
    'unknown_model',
    'init_mismatch',
    'unknown_job',
    'job_state_conflict',
    'resume_mismatch',
    'no_checkpoint',
    'queue_unavailable',
    'storage_unavailable',
  )
  async train(
    @Body({ schema: trainRequest }) request: TrainRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    return this.enqueue(await this.admission.admitTrain(request), reply);
  }

  @Post('generate')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Generate text with a model',
    description:
      'Queues a job for the prompts of the request, or for those of a dataset of JSON lines (`promptsDataset`). Its text ' +
      'is at `/output`, also while it runs. Of a small job with `stream` the events at `/events` tell the text while it ' +
      'is written. Small jobs (up to 16 sequences and 16,384 tokens) do not wait for large ones.',
  })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The queued job; `Location` names it.' })
  @ApiProblems(
    'malformed_json',
    'invalid_request',
    'body_too_large',
    'unsupported_media_type',
    'unknown_model',
    'unknown_dataset',
    'not_json_lines',
    'job_too_large',
    'queue_unavailable',
    'storage_unavailable',
    'storage_full',
  )
  async generate(
    @Body({ schema: generateRequest }) request: GenerateRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    return this.enqueue(await this.admission.admitGenerate(request), reply);
  }

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
  @ApiOperation({ summary: 'A job as it is now' })
  @ApiOkResponse({ standardSchema: job, description: 'The job.' })
  @ApiProblems('invalid_request', 'job_not_found', 'queue_unavailable')
  get(@Param('id', { schema: resourceId }) id: string): Promise<Job> {
    return getJob(this.jobs, id);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a job',
    description: 'Final at once, whoever runs it; a running engine ends within a second or two. Again is the same.',
  })
  @ApiAcceptedResponse({ standardSchema: job, description: 'The cancelled job.' })
  @ApiProblems('invalid_request', 'job_not_found', 'job_state_conflict', 'queue_unavailable')
  cancel(@Param('id', { schema: resourceId }) id: string): Promise<Job> {
    return this.jobs.cancel(id);
  }

  private async enqueue(draft: JobDraft, reply: FastifyReply): Promise<Job> {
    const [created] = await this.jobs.create([draft]);
    if (!created) throw new Problem('internal_error', 'The job was not created.');
    void reply.header('location', `/api/jobs/${created.id}`);
    return created;
  }
}
