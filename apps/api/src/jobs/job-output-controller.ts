import { Controller, Get, Param, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../openapi/api-problems.js';
import { resourceId } from '../paging/resource-id.js';
import { JobOutput } from './job-output.js';

@ApiTags('jobs')
@Controller('api/jobs/:id/output')
export class JobOutputController {
  constructor(private readonly output: JobOutput) {}

  @Get()
  @ApiOperation({
    summary: 'The generated text',
    description: 'A JSON object a line, in the order of the prompts; while the job runs, what is done so far.',
  })
  @ApiOkResponse({
    description: 'Lines of `OutputLine`; none where nothing is done yet.',
    content: { 'application/x-ndjson': { schema: { $ref: '#/components/schemas/OutputLine' } } },
  })
  @ApiProblems('invalid_request', 'job_not_found', 'no_output', 'queue_unavailable', 'storage_unavailable')
  async get(@Param('id', { schema: resourceId }) id: string): Promise<StreamableFile> {
    return new StreamableFile(await this.output.open(id), { type: 'application/x-ndjson' });
  }
}
