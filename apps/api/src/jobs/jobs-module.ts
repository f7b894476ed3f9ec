import { Module } from '@nestjs/common';
import { DatasetsModule } from '../datasets/datasets-module.js';
import { ModelsModule } from '../models/models-module.js';
import { Admission } from './admission.js';
import { JobEvents } from './job-events.js';
import { JobEventsController } from './job-events-controller.js';
import { JobOutput } from './job-output.js';
import { JobOutputController } from './job-output-controller.js';
import { JobsController } from './jobs-controller.js';
import { PromptFiles } from './prompt-files.js';
import { StartingPoints } from './starting-points.js';

@Module({
  imports: [DatasetsModule, ModelsModule],
  controllers: [JobsController, JobEventsController, JobOutputController],
  providers: [Admission, StartingPoints, PromptFiles, JobEvents, JobOutput],
})
export class JobsModule {}
