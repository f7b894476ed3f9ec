import { Catalog } from '@glyphmill/catalog';
import { identifier } from '@glyphmill/contract';
import type { ByteRange } from '@glyphmill/storage';
import { Controller, Get, Param, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serveFile } from '../../http/served-file.js';
import { ApiFile } from '../../openapi/api-file.js';
import { ApiProblems } from '../../openapi/api-problems.js';
import { Problem } from '../../problem/problem.js';
import { contentTypeOf, MODEL_FILE_TYPES } from './content-type.js';

const ANY_BYTES = Object.fromEntries(MODEL_FILE_TYPES.map((type) => [type, { schema: {} }]));

@ApiTags('models')
@Controller('api/models/:id/files')
export class ModelFilesController {
  constructor(private readonly catalog: Catalog) {}

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
    const { models } = this.catalog;
    const path = request.params['*'];
    const files = await models.files(id);
    const file = files.find((each) => each.path === path);
    if (!file) {
      const names = files.map((each) => each.path).join(', ');
      throw new Problem('file_not_found', `The model ${id} has no file "${path}". It has ${names}.`);
    }
    const { sizeBytes, version } = file;
    const part = { name: path, sizeBytes, open: (range: ByteRange) => models.read(id, path, range) };
    const served = { name: path, contentType: contentTypeOf(path), etag: `"${version}"`, parts: [part] };
    return serveFile(served, request, reply);
  }
}
