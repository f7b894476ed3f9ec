import { Module } from '@nestjs/common';
import { DatasetsModule } from '../datasets/datasets-module.js';
import { ModelsModule } from '../models/models-module.js';
import { Admission } from './admission.js';
import { Housekeeping } from './housekeeping.js';
import { Intake } from './intake.js';
import { JobControlController } from './job-control-controller.js';
import { JobCreationController } from './job-creation-controller.js';
import { JobEvents } from './job-events.js';
import { JobEventsController } from './job-events-controller.js';
import { JobFiles } from './job-files.js';
import { JobOutput } from './job-output.js';
import { JobOutputController } from './job-output-controller.js';
import { JobsController } from './jobs-controller.js';
import { OrphanSweep } from './orphan-sweep.js';
import { PromptFiles } from './prompt-files.js';
import { Retry } from './retry.js';
import { StartingPoints } from './starting-points.js';

@Module({
  imports: [DatasetsModule, ModelsModule],
  controllers: [JobsController, JobCreationController, JobControlController, JobEventsController, JobOutputController],
  providers: [
    Admission,
    Intake,
    Retry,
    StartingPoints,
    PromptFiles,
    JobEvents,
    JobOutput,
    JobFiles,
    OrphanSweep,
    Housekeeping,
  ],
})
export class JobsModule {}
