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
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), await createFastifyAdapter(), {
    abortOnError: false,
    bodyParser: false,
    logger: new ApiLogger(config.logLevel),
  });
  // A page of another site, open in a browser on this machine, could otherwise send uploads to the loopback address.
  app.enableCsrfProtection();
  serveDocs(app);
  return app;
}
