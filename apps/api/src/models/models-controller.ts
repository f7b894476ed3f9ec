import { type DamagedItem, identifier, modelPage, type Page, pageQuery, type PageQuery } from '@glyphmill/contract';
import { type ModelManifest, modelManifest } from '@glyphmill/model/config';
import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ArtifactDeletion } from '../artifacts/artifact-deletion.js';
import { ApiProblems } from '../openapi/api-problems.js';
import { ModelLibrary } from './model-library.js';

@ApiTags('models')
@Controller('api/models')
export class ModelsController {
  constructor(
    private readonly library: ModelLibrary,
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
    return this.library.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'A model: what it is, what it was trained on, its losses and its files' })
  @ApiOkResponse({ standardSchema: modelManifest, description: 'The model.' })
  @ApiProblems('invalid_request', 'model_not_found', 'artifact_damaged', 'storage_unavailable')
  get(@Param('id', { schema: identifier }) id: string): Promise<ModelManifest> {
    return this.library.get(id);
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
    if (!(await this.library.has(id))) throw this.library.notFound(id);
    await this.deletion.delete({ kind: 'model', id }, () => this.library.delete(id));
  }
}
