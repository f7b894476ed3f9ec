import { Controller, Get, Headers, Param, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../openapi/api-problems.js';
import { resourceId } from '../paging/resource-id.js';
import { Problem } from '../problem/problem.js';
import { parseByteRange } from './byte-range.js';
import { contentTypeOf, MODEL_FILE_TYPES } from './content-type.js';
import { type ModelFile, ModelLibrary } from './model-library.js';

const ANY_BYTES = Object.fromEntries(MODEL_FILE_TYPES.map((type) => [type, { schema: {} }]));

@ApiTags('models')
@Controller('api/models/:id/files')
export class ModelFilesController {
  constructor(private readonly library: ModelLibrary) {}

  @Get('*')
  @ApiOperation({
    summary: "A file of a model's folder",
    description: 'Such as `onnx/model.onnx`. Takes `Range` (one range) and `If-None-Match`; HEAD gives the headers.',
  })
  @ApiParam({
    name: 'path',
    description: 'The path in the folder, with its slashes as they are.',
    example: 'README.md',
  })
  @ApiHeader({ name: 'Range', required: false, description: 'As in `bytes=0-1023`.' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'An ETag: 304 where the file has it still.' })
  @ApiOkResponse({ description: 'The file.', content: ANY_BYTES })
  @ApiResponse({ status: 206, description: 'The range of the file.', content: ANY_BYTES })
  @ApiResponse({ status: 304, description: 'The client has the file already.' })
  @ApiProblems('invalid_request', 'model_not_found', 'file_not_found', 'range_not_satisfiable', 'storage_unavailable')
  async get(
    @Param('id', { schema: resourceId }) id: string,
    @Headers() headers: Record<string, string | undefined>,
    @Req() request: FastifyRequest<{ Params: { '*': string } }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const file = await this.library.file(id, request.params['*']);
    void reply.headers({ etag: file.etag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' });
    if (isCurrent(headers['if-none-match'], file)) {
      void reply.code(304);
      return undefined;
    }
    const wanted = isCurrent(headers['if-range'] ?? file.etag, file) ? headers['range'] : undefined;
    return this.send(id, file, wanted, reply);
  }

  private async send(
    id: string,
    file: ModelFile,
    wantedRange: string | undefined,
    reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { path, sizeBytes } = file;
    const range = parseByteRange(wantedRange, sizeBytes);
    if (range === 'unsatisfiable') {
      const detail = `"${path}" has ${sizeBytes} bytes, and none of them is in "${wantedRange}".`;
      const headers = { 'content-range': `bytes */${sizeBytes}` };
      throw new Problem('range_not_satisfiable', detail, { members: { sizeBytes }, headers });
    }
    if (range) {
      void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
    }
    const length = range ? range.end - range.start + 1 : sizeBytes;
    return new StreamableFile(await this.library.read(id, path, range), { type: contentTypeOf(path), length });
  }
}

/** Whether a list of ETags, as in `If-None-Match`, has that of the file. */
function isCurrent(etags: string | undefined, { etag }: ModelFile): boolean {
  if (etags === undefined) return false;
  return etags.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()));
}
