import { Module } from '@nestjs/common';
import { Admission } from './intake/admission.js';
import { JobIntake } from './intake/job-intake.js';
import { Retry } from './intake/retry.js';
import { StartingPoints } from './intake/starting-points.js';
import { JobEvents } from './reading/job-events.js';
import { JobOutput } from './reading/job-output.js';
import { ArtifactDeletion } from './upkeep/artifact-deletion.js';
import { Housekeeping } from './upkeep/housekeeping.js';
import { JobFiles } from './upkeep/job-files.js';
import { MobyDick } from './upkeep/moby-dick.js';
import { JobCleaner } from './upkeep/job-cleaner.js';

/** What every surface stands on: services that know no HTTP. */
@Module({
  providers: [
    Admission,
    StartingPoints,
    Retry,
    JobIntake,
    JobEvents,
    JobOutput,
    JobFiles,
    ArtifactDeletion,
    JobCleaner,
    Housekeeping,
    MobyDick,
  ],
  exports: [Admission, Retry, JobIntake, JobEvents, JobOutput, JobFiles, ArtifactDeletion, JobCleaner],
})
export class ServicesModule {}
