import { Catalog } from '@glyphmill/catalog';
import {
  type DamagedItem,
  type Dataset,
  dataset,
  datasetPage,
  identifier,
  type Page,
  pageQuery,
  type PageQuery,
} from '@glyphmill/contract';
import type { ByteRange } from '@glyphmill/storage';
import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ApiConfig } from '../../config.js';
import { CONFIG } from '../../connections/tokens.js';
import { serveFile } from '../../http/served-file.js';
import { ApiFile } from '../../openapi/api-file.js';
import { ApiProblems } from '../../openapi/api-problems.js';
import { ArtifactDeletion } from '../../upkeep/artifact-deletion.js';
import { openUpload, uploadQuery } from './dataset-upload.js';

const TEXT = 'text/plain; charset=utf-8';

@ApiTags('datasets')
@Controller('api/datasets')
export class DatasetsController {
  constructor(
    private readonly catalog: Catalog,
    private readonly deletion: ArtifactDeletion,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Upload a text',
    description:
      'Streamed, checked for UTF-8 and hashed. The same bytes give the same dataset, with its first name; ' +
      'if that was damaged, it is whole again.',
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            required: ['file'],
            properties: { file: { type: 'string', format: 'binary', description: 'A text in UTF-8.' } },
          },
        },
        'text/plain': { schema: { type: 'string', description: 'A text in UTF-8.' }, example: 'Call me Ishmael.' },
      },
    },
  })
  @ApiCreatedResponse({ standardSchema: dataset, description: 'The dataset; `Location` names it.' })
  @ApiProblems(
    'invalid_request',
    'invalid_utf8',
    'missing_file',
    'malformed_multipart',
    'upload_too_large',
    'unsupported_media_type',
    'text_empty',
    'storage_unavailable',
    'storage_full',
  )
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query({ schema: uploadQuery }) query: z.output<typeof uploadQuery>,
  ): Promise<Dataset> {
    const upload = await openUpload(request, query.name, this.config.maxUploadBytes);
    const added = await this.catalog.datasets.add(upload.name, upload.chunks);
    void reply.header('location', `/api/datasets/${added.id}`);
    return added;
  }

  @Get()
  @ApiOperation({
    summary: 'List the datasets',
    description:
      'In the order of their ids. One whose files are damaged has an `error` in the place of all but its id.',
  })
  @ApiOkResponse({ standardSchema: datasetPage, description: 'A page of datasets.' })
  @ApiProblems('invalid_request', 'storage_unavailable')
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<Dataset | DamagedItem>> {
    return this.catalog.datasets.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'What is known of a dataset' })
  @ApiOkResponse({ standardSchema: dataset, description: 'The dataset.' })
  @ApiProblems('dataset_not_found', 'artifact_damaged', 'storage_unavailable')
  get(@Param('id', { schema: identifier }) id: string): Promise<Dataset> {
    return this.catalog.datasets.get(id);
  }

  @Get(':id/content')
  @ApiOperation({ summary: 'The text, byte for byte as it was sent' })
  @ApiFile('The text.', { 'text/plain': { schema: { type: 'string' } } })
  @ApiProblems(
    'dataset_not_found',
    'artifact_damaged',
    'precondition_failed',
    'range_not_satisfiable',
    'storage_unavailable',
  )
  async content(
    @Param('id', { schema: identifier }) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const { bytes, sha256 } = await this.catalog.datasets.get(id);
    const name = `datasets/${id}/content`;
    const part = { name, sizeBytes: bytes, open: (range: ByteRange) => this.catalog.datasets.content(id, range) };
    return serveFile({ name, contentType: TEXT, etag: `"${sha256}"`, parts: [part] }, request, reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a dataset',
    description: 'Even a damaged one; not while a job that is not finished uses it.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('dataset_not_found', 'dataset_built_in', 'dataset_in_use', 'storage_unavailable', 'queue_unavailable')
  async delete(@Param('id', { schema: identifier }) id: string): Promise<void> {
    await this.deletion.delete({ kind: 'dataset', id });
  }
}
