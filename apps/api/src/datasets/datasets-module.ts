import { Module } from '@nestjs/common';
import { LiveJobs } from '../jobs/live-jobs.js';
import { DatasetLibrary } from './dataset-library.js';
import { DatasetsController } from './datasets-controller.js';
import { MobyDick } from './moby-dick.js';

@Module({
  controllers: [DatasetsController],
  providers: [DatasetLibrary, LiveJobs, MobyDick],
  exports: [DatasetLibrary],
})
export class DatasetsModule {}
