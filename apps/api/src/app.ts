import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiLogger } from './api-logger.js';
import { AppModule } from './app-module.js';
import type { ApiConfig } from './config.js';
import { compressAnswers } from './http/compression.js';
import { createFastifyAdapter } from './http/fastify-adapter.js';
import { correctHeadAnswers } from './http/head-answers.js';
import { closeStalledClients } from './http/stalled-clients.js';
import { serveDocs } from './openapi/document.js';

/** The API, ready to listen. Throws `StorageUnavailableError`; without Redis it starts, and answers 503. */
export async function createApp(config: ApiConfig): Promise<NestFastifyApplication> {
  const adapter = await createFastifyAdapter(config);
  const fastify = adapter.getInstance();
  correctHeadAnswers(fastify);
  compressAnswers(fastify);
  closeStalledClients(fastify, config.stalledClientMs);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    abortOnError: false,
    bodyParser: false,
    logger: new ApiLogger(config.logLevel),
  });
  serveDocs(app);
  return app;
}
