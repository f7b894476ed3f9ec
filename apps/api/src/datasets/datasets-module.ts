import { Module } from '@nestjs/common';
import { ArtifactDeletion } from '../artifacts/artifact-deletion.js';
import { DatasetLibrary } from './dataset-library.js';
import { DatasetsController } from './datasets-controller.js';
import { MobyDick } from './moby-dick.js';

@Module({
  controllers: [DatasetsController],
  providers: [DatasetLibrary, ArtifactDeletion, MobyDick],
  exports: [DatasetLibrary],
})
export class DatasetsModule {}
