import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiLogger } from './api-logger.js';
import { AppModule } from './app-module.js';
import type { ApiConfig } from './config.js';
import { createFastifyAdapter } from './http/fastify-adapter.js';
import { serveDocs } from './openapi/document.js';

/** The api, ready to listen. Throws `StorageUnavailableError`; without Redis it starts, and answers 503. */
export async function createApp(config: ApiConfig): Promise<NestFastifyApplication> {
  const adapter = await createFastifyAdapter(config);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    abortOnError: false,
    bodyParser: false,
    logger: new ApiLogger(config.logLevel),
  });
  serveDocs(app);
  return app;
}
