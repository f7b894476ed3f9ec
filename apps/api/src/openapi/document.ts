import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { addCommonProblems } from './common-problems.js';
import { COMPONENTS, referTo } from './components.js';

const DESCRIPTION = `Trains small language models and generates text with them, as jobs.

Upload a text, queue a train job, follow its events, then generate text with the model. Every error is a problem
document (RFC 9457) with a stable \`code\`; every list is \`{ data, nextCursor }\`; every answer has an \`x-request-id\`.
What a browser sends from a page of another site is refused (403 \`cross_origin\`), and so is a name in \`Host\` by which this
server is not known (421 \`unknown_host\`).`;

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

/** The OpenAPI document of all routes. */
function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const about = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Glyphmill')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .build();
  const document = SwaggerModule.createDocument(app, about, {
    standardSchemaConverter: referTo,
    operationIdFactory: operationId,
  });
  addCommonProblems(document);
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...COMPONENTS } };
  return document;
}

/** `JobsController`, `train` → `jobsTrain`. */
function operationId(controller: string, method: string): string {
  const feature = controller.replace(/Controller$/u, '');
  return `${feature.charAt(0).toLowerCase()}${feature.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** Serves the document at `/api/openapi.json` and a page to read and try it at `/docs`, from this server's own files. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => describeApi(app), {
    raw: ['json'],
    jsonDocumentUrl: 'api/openapi.json',
    customSiteTitle: 'Glyphmill API',
    // Otherwise the page asks a public validator about the document.
    swaggerOptions: { validatorUrl: null },
  });
}
