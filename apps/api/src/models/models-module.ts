import { Module } from '@nestjs/common';
import { ArtifactDeletion } from '../artifacts/artifact-deletion.js';
import { ModelFilesController } from './model-files-controller.js';
import { ModelLibrary } from './model-library.js';
import { ModelsController } from './models-controller.js';

@Module({
  controllers: [ModelsController, ModelFilesController],
  providers: [ModelLibrary, ArtifactDeletion],
  exports: [ModelLibrary],
})
export class ModelsModule {}
