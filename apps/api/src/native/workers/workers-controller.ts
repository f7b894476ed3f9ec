import { type Page, queues, type Queues, type WorkerInfo, workerPage } from '@glyphmill/contract';
import { JobBoard, WorkerRegistry } from '@glyphmill/jobs';
import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../openapi/api-problems.js';

@ApiTags('workers')
@Controller('api')
export class WorkersController {
  constructor(
    private readonly registry: WorkerRegistry,
    private readonly jobs: JobBoard,
  ) {}

  @Get('workers')
  @ApiOperation({ summary: 'The workers that are alive', description: 'All of them on one page.' })
  @ApiOkResponse({ standardSchema: workerPage, description: 'The workers.' })
  @ApiProblems('queue_unavailable')
  async listWorkers(): Promise<Page<WorkerInfo>> {
    return { data: await this.registry.list(), nextCursor: null };
  }

  @Get('queues')
  @ApiOperation({ summary: 'How many jobs of each kind wait, run and are paused' })
  @ApiOkResponse({ standardSchema: queues, description: 'The counts.' })
  @ApiProblems('queue_unavailable')
  async countQueues(): Promise<Queues> {
    const [train, generate] = await Promise.all([this.jobs.queueCounts('train'), this.jobs.queueCounts('generate')]);
    return { train, generate };
  }
}
