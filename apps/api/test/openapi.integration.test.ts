import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { useApi } from './running-api.fixture.js';

const api = useApi();

const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(1),
  responses: z.record(z.string(), z.looseObject({ description: z.string().min(1) })),
  parameters: z.array(z.unknown()).optional(),
  requestBody: z.unknown().optional(),
});
const document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});

async function getDocument(): Promise<z.output<typeof document>> {
  return document.parse(await (await fetch(`${api().url}/api/openapi.json`)).json());
}

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(await getDocument());
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
});

test('every route is documented', async () => {
  const { paths } = await getDocument();
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // Fastify's own route for HEAD follows each GET; the pages that hold the document do not describe themselves.
  const served = api()
    .routes()
    .filter((route) => /^[A-Z]+ \/(?:api|health)\//u.test(route) && !/^HEAD|openapi\.json/u.test(route))
    .map((route) => route.replace(/\/\*$/u, '/{path}').replace(/:(\w+)/gu, '{$1}'));
  expect(documented.toSorted()).toEqual(served.toSorted());
  expect(documented).toContain('POST /api/jobs/train');
});

test('every reference leads to a schema', async () => {
  const found = await getDocument();
  const references = JSON.stringify(found).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/gu);
  const missing = [...references].map(([, name = '']) => name).filter((name) => !(name in found.components.schemas));
  expect(missing).toEqual([]);
});

test('operation ids are unique', async () => {
  const { paths } = await getDocument();
  const ids = Object.values(paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test('the schema of a request is the one that parses it: its fields, limits and defaults', async () => {
  const { components } = await getDocument();
  expect(components.schemas['GenerateRequest']).toMatchObject({
    additionalProperties: false,
    required: ['model'],
    properties: { temperature: { minimum: 0, maximum: 100, default: 1 }, prompts: { maxItems: 10_000 } },
  });
  expect(components.schemas['TrainRequest']).toMatchObject({
    properties: { initFrom: { anyOf: [{ type: 'string' }, { required: ['model'] }] }, resumeFrom: { type: 'string' } },
  });
  expect(JSON.stringify(components.schemas['EventPage'])).toContain('"bitsPerByte"');
  expect(components.schemas['Job']).not.toHaveProperty('additionalProperties');
});

test('each item of a batch is described by the fields of its kind', async () => {
  const { components } = await getDocument();
  expect(components.schemas['JobBatch']).toMatchObject({
    items: { oneOf: [{}, {}], discriminator: { propertyName: 'kind', mapping: { train: expect.any(String) } } },
  });
  expect(components.schemas['GenerateBatchItem']).toMatchObject({
    additionalProperties: false,
    required: ['kind', 'model'],
    properties: { kind: { const: 'generate' }, prompts: { type: 'array' } },
  });
});

test('the problems that parameters and bodies can have are documented at every operation that has them', async () => {
  const operations = Object.values((await getDocument()).paths).flatMap((path) => Object.values(path));
  const withParameters = operations.filter(({ parameters = [] }) => parameters.length > 0);
  expect(withParameters.length).toBeGreaterThan(10);
  for (const { responses } of withParameters) expect(responses['400']?.description).toContain('`invalid_request`');
  const withBody = operations.filter(({ requestBody }) => requestBody !== undefined);
  expect(withBody.length).toBeGreaterThan(3);
  for (const { responses } of withBody) {
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '408', '415', '417']));
  }
});

test('patterns are of the kind that all generators of clients and tests read', async () => {
  const patterns = [...JSON.stringify(await getDocument()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/gu)];
  expect(patterns.length).toBeGreaterThan(5);
  for (const [, quoted = ''] of patterns) {
    const pattern = z.string().parse(JSON.parse(quoted));
    // Neither properties of Unicode nor named groups; and no flag is needed to read it.
    expect(pattern).not.toMatch(/\\p\{|\(\?</iu);
    expect(() => new RegExp(pattern)).not.toThrow();
  }
});

test('the docs are a page of this server alone', async () => {
  const page = await (await fetch(`${api().url}/docs`)).text();
  const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/gu)].map(([, source = '']) => source);
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) {
    expect(source).toMatch(/^\.\//u);
    expect((await fetch(new URL(source, `${api().url}/docs`))).status).toBe(200);
  }
});
