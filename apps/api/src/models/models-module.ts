import { Module } from '@nestjs/common';
import { LiveJobs } from '../jobs/live-jobs.js';
import { ModelFilesController } from './model-files-controller.js';
import { ModelLibrary } from './model-library.js';
import { ModelsController } from './models-controller.js';

@Module({
  controllers: [ModelsController, ModelFilesController],
  providers: [ModelLibrary, LiveJobs],
  exports: [ModelLibrary],
})
export class ModelsModule {}
