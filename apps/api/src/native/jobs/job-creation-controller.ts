import {
  type BatchItem,
  generateRequest,
  type GenerateRequest,
  identifier,
  job,
  type Job,
  jobBatch,
  jobPage,
  type Page,
  type TrainRequest,
  trainRequest,
} from '@glyphmill/contract';
import type { JobDraft } from '@glyphmill/jobs';
import { Body, Controller, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Admission } from '../../intake/admission.js';
import { JobIntake } from '../../intake/job-intake.js';
import { Retry } from '../../intake/retry.js';
import { ApiProblems } from '../../openapi/api-problems.js';
import { CREATION, GENERATION, TRAINING } from './creation-problems.js';
import { IDEMPOTENCY_HEADER, IDEMPOTENCY_PARAMETER, idempotencyOf } from './idempotency-key.js';

/** The requests that make jobs. */
@ApiTags('jobs')
@Controller('api/jobs')
export class JobCreationController {
  constructor(
    private readonly intake: JobIntake,
    private readonly admission: Admission,
    private readonly retries: Retry,
  ) {}

  @Post('train')
  @HttpCode(202)
  @ApiOperation({ summary: 'Train a model', description: 'Queues a job. The answer shows every default it was given.' })
  @ApiHeader(IDEMPOTENCY_PARAMETER)
  @ApiAcceptedResponse({ standardSchema: job, description: 'The queued job; `Location` names it.' })
  @ApiProblems(...CREATION, ...TRAINING)
  train(
    @Body({ schema: trainRequest }) request: TrainRequest,
    @Headers(IDEMPOTENCY_HEADER) key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    return this.queueOne(reply, key, 'train', request, () => this.admission.admitTrain(request));
  }

  @Post('generate')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Generate text with a model',
    description:
      'Queues a job for the prompts of the request, or for those of a dataset of JSON lines (`promptsDataset`). Its text ' +
      'is at `/output`, even while it runs. Of a small job with `stream` the events at `/events` tell the text while it ' +
      'is written. Small jobs (up to 16 sequences and 16,384 tokens) do not wait for large ones.',
  })
  @ApiHeader(IDEMPOTENCY_PARAMETER)
  @ApiAcceptedResponse({ standardSchema: job, description: 'The queued job; `Location` names it.' })
  @ApiProblems(...CREATION, ...GENERATION)
  generate(
    @Body({ schema: generateRequest }) request: GenerateRequest,
    @Headers(IDEMPOTENCY_HEADER) key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    return this.queueOne(reply, key, 'generate', request, () => this.admission.admitGenerate(request));
  }

  @Post('batch')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Queue up to 1,000 jobs at once',
    description:
      'An array of requests of either kind, each with its `kind`: `[{"kind": "train", "dataset": …}, …]`. All are ' +
      'queued or none; a fault is named as `items[17].dataset`. Under an `Idempotency-Key` that was used before, the jobs ' +
      'that have been deleted since are left out.',
  })
  @ApiHeader(IDEMPOTENCY_PARAMETER)
  @ApiAcceptedResponse({
    standardSchema: jobPage,
    description: 'The queued jobs in the order of the requests, without prompts and places in the queue.',
  })
  @ApiProblems(...new Set([...CREATION, ...TRAINING, ...GENERATION]))
  async batch(
    @Body({ schema: jobBatch }) items: BatchItem[],
    @Headers(IDEMPOTENCY_HEADER) key: string | undefined,
  ): Promise<Page<Job>> {
    const data = await this.intake.take(idempotencyOf(key, 'batch', items), () => this.admission.admitBatch(items));
    return { data, nextCursor: null };
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Make a failed or cancelled job again',
    description:
      'As a new job with the same request (`retryOf`), which continues from the checkpoints of the old one. A deadline ' +
      'that has passed is left out.',
  })
  @ApiHeader(IDEMPOTENCY_PARAMETER)
  @ApiAcceptedResponse({ standardSchema: job, description: 'The new job; `Location` names it.' })
  @ApiProblems(
    ...new Set([
      ...CREATION,
      ...TRAINING,
      ...GENERATION,
      'job_not_found',
      'job_state_conflict',
      'prompts_lost',
    ] as const),
  )
  retry(
    @Param('id', { schema: identifier }) id: string,
    @Headers(IDEMPOTENCY_HEADER) key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    return this.queueOne(reply, key, 'retry', id, () => this.retries.draftOf(id));
  }

  private async queueOne(
    reply: FastifyReply,
    key: string | undefined,
    route: string,
    asked: unknown,
    admit: () => Promise<JobDraft>,
  ): Promise<Job> {
    const queued = await this.intake.takeOne(idempotencyOf(key, route, asked), admit);
    void reply.header('location', `/api/jobs/${queued.id}`);
    return queued;
  }
}
