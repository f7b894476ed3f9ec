import { Module } from '@nestjs/common';
import { ServicesModule } from '../services-module.js';
import { DatasetsController } from './datasets/datasets-controller.js';
import { EventStreams } from './jobs/event-streams.js';
import { JobControlController } from './jobs/job-control-controller.js';
import { JobCreationController } from './jobs/job-creation-controller.js';
import { JobEventsController } from './jobs/job-events-controller.js';
import { JobOutputController } from './jobs/job-output-controller.js';
import { JobsController } from './jobs/jobs-controller.js';
import { ModelFilesController } from './models/model-files-controller.js';
import { ModelsController } from './models/models-controller.js';
import { WorkersController } from './workers/workers-controller.js';

/** Glyphmill's own surface, below `/api`. */
@Module({
  imports: [ServicesModule],
  controllers: [
    DatasetsController,
    JobsController,
    JobCreationController,
    JobControlController,
    JobEventsController,
    JobOutputController,
    ModelsController,
    ModelFilesController,
    WorkersController,
  ],
  providers: [EventStreams],
})
export class NativeModule {}
