import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import type { ApiConfig } from './config.js';
import { ConnectionsModule } from './connections/connections-module.js';
import { DatasetsModule } from './datasets/datasets-module.js';
import { HealthController } from './health/health-controller.js';
import { JobsModule } from './jobs/jobs-module.js';
import { ModelsModule } from './models/models-module.js';
import { SchemaPipe } from './http/schema-pipe.js';
import { ProblemFilter } from './problem/problem-filter.js';
import { WorkersController } from './workers/workers-controller.js';

/** The whole api: one module a feature, every request parsed by its schema, every error answered as a problem. */
@Module({})
export class AppModule {
  static with(config: ApiConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [ConnectionsModule.with(config), DatasetsModule, JobsModule, ModelsModule],
      controllers: [WorkersController, HealthController],
      providers: [
        { provide: APP_PIPE, useClass: SchemaPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
