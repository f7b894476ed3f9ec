import { identifier } from '@glyphmill/contract';
import type { ByteRange } from '@glyphmill/storage';
import { Controller, Get, Param, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serveFile } from '../http/served-file.js';
import { ApiFile } from '../openapi/api-file.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { contentTypeOf, MODEL_FILE_TYPES } from './content-type.js';
import { ModelLibrary } from './model-library.js';

const ANY_BYTES = Object.fromEntries(MODEL_FILE_TYPES.map((type) => [type, { schema: {} }]));

@ApiTags('models')
@Controller('api/models/:id/files')
export class ModelFilesController {
  constructor(private readonly library: ModelLibrary) {}

  @Get('*')
  @ApiOperation({
    summary: "A file of a model's folder",
    description: 'Such as `onnx/model.onnx`. HEAD returns the headers.',
  })
  @ApiParam({
    name: 'path',
    description: 'The path in the folder, with its slashes as they are.',
    example: 'README.md',
  })
  @ApiFile('The file.', ANY_BYTES)
  @ApiProblems(
    'invalid_request',
    'model_not_found',
    'file_not_found',
    'artifact_damaged',
    'precondition_failed',
    'range_not_satisfiable',
    'storage_unavailable',
  )
  async get(
    @Param('id', { schema: identifier }) id: string,
    @Req() request: FastifyRequest<{ Params: { '*': string } }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const { path, sizeBytes, etag } = await this.library.file(id, request.params['*']);
    const part = { name: path, sizeBytes, open: (range: ByteRange) => this.library.read(id, path, range) };
    return serveFile({ name: path, contentType: contentTypeOf(path), etag, parts: [part] }, request, reply);
  }
}
