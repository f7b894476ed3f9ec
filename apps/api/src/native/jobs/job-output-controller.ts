import { identifier } from '@glyphmill/contract';
import { Controller, Get, Param, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serveFile } from '../../http/served-file.js';
import { ApiFile } from '../../openapi/api-file.js';
import { ApiProblems } from '../../openapi/api-problems.js';
import { JobOutput } from '../../reading/job-output.js';

@ApiTags('jobs')
@Controller('api/jobs/:id/output')
export class JobOutputController {
  constructor(private readonly output: JobOutput) {}

  @Get()
  @ApiOperation({
    summary: 'The generated text',
    description:
      'A JSON object a line, in the order of the prompts; while the job runs, what is done so far. What is there never ' +
      'changes, so `Range: bytes=N-` returns what has come since the first N bytes (416 if nothing has).',
  })
  @ApiFile('Lines of `OutputLine`; none if nothing is done yet.', {
    'application/x-ndjson': { schema: { $ref: '#/components/schemas/OutputLine' } },
  })
  @ApiProblems(
    'invalid_request',
    'job_not_found',
    'precondition_failed',
    'range_not_satisfiable',
    'no_output',
    'artifact_damaged',
    'queue_unavailable',
    'storage_unavailable',
  )
  async get(
    @Param('id', { schema: identifier }) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const parts = await this.output.parts(id);
    // As it only grows, its size tells its versions apart.
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const etag = `"${parts.length}-${sizeBytes.toString(16)}"`;
    const file = { name: `the output of ${id}`, contentType: 'application/x-ndjson', etag, parts };
    return serveFile(file, request, reply);
  }
}
