import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import type { ApiConfig } from './config.js';
import { ConnectionsModule } from './connections/connections-module.js';
import { HealthController } from './health/health-controller.js';
import { SchemaPipe } from './http/schema-pipe.js';
import { NativeModule } from './native/native-module.js';
import { ProblemFilter } from './problem/problem-filter.js';

/** The whole API: its surfaces and what they share; every request is parsed by its schema, every error answered as a problem. */
@Module({})
export class AppModule {
  static with(config: ApiConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [ConnectionsModule.with(config), NativeModule],
      controllers: [HealthController],
      providers: [
        { provide: APP_PIPE, useClass: SchemaPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
