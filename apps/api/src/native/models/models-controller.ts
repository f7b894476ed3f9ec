import { Catalog } from '@glyphmill/catalog';
import {
  type DamagedItem,
  identifier,
  type ModelManifest,
  modelManifest,
  modelPage,
  type Page,
  pageQuery,
  type PageQuery,
} from '@glyphmill/contract';
import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../openapi/api-problems.js';
import { ArtifactDeletion } from '../../upkeep/artifact-deletion.js';

@ApiTags('models')
@Controller('api/models')
export class ModelsController {
  constructor(
    private readonly catalog: Catalog,
    private readonly deletion: ArtifactDeletion,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the models',
    description: 'Newest first. One whose files are damaged has an `error` in the place of all but its id.',
  })
  @ApiOkResponse({ standardSchema: modelPage, description: 'A page of models.' })
  @ApiProblems('invalid_request', 'storage_unavailable')
  list(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<ModelManifest | DamagedItem>> {
    return this.catalog.models.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A model: what it is, what it was trained on, its losses and its files' })
  @ApiOkResponse({ standardSchema: modelManifest, description: 'The model.' })
  @ApiProblems('invalid_request', 'model_not_found', 'artifact_damaged', 'storage_unavailable')
  get(@Param('id', { schema: identifier }) id: string): Promise<ModelManifest> {
    return this.catalog.models.get(id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a model',
    description: 'Even a damaged one; not while a job that is not finished uses it.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('invalid_request', 'model_not_found', 'model_in_use', 'storage_unavailable', 'queue_unavailable')
  async delete(@Param('id', { schema: identifier }) id: string): Promise<void> {
    await this.deletion.delete({ kind: 'model', id });
  }
}
