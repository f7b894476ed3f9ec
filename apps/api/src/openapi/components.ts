import {
  dataset,
  datasetPage,
  eventMessageFields,
  eventPage,
  generateRequest,
  health,
  job,
  jobBatch,
  jobPage,
  modelPage,
  problemDocument,
  queues,
  trainRequest,
  workerPage,
} from '@glyphmill/contract';
import { modelManifest, outputLine } from '@glyphmill/model/config';
import { z } from 'zod';
import { EXAMPLES } from './examples.js';

type JsonSchema = Record<string, unknown>;

/** The schemas of bodies that come in, under their names in the document. */
const INPUTS = { TrainRequest: trainRequest, GenerateRequest: generateRequest, JobBatch: jobBatch };

/** The schemas of bodies that go out. */
const OUTPUTS = {
  Dataset: dataset,
  DatasetPage: datasetPage,
  Job: job,
  JobPage: jobPage,
  EventPage: eventPage,
  EventMessage: eventMessageFields,
  OutputLine: outputLine,
  Model: modelManifest,
  ModelPage: modelPage,
  WorkerPage: workerPage,
  Queues: queues,
  Health: health,
  Problem: problemDocument,
};

const names = new Map<unknown, string>(
  Object.entries({ ...INPUTS, ...OUTPUTS }).map(([name, schema]) => [schema, name]),
);

/** All named schemas as the document's components: the very schemas that parse the requests. */
export const COMPONENTS: Record<string, JsonSchema> = withBatchItems({
  ...describe(INPUTS, 'input'),
  ...describe(OUTPUTS, 'output'),
});

/** What the document says in the place of a schema: a reference where it has a name, otherwise nothing of ours. */
export function referTo(schema: unknown): { schema: JsonSchema } | undefined {
  const name = names.get(schema);
  return name === undefined ? undefined : { schema: { $ref: refOf(name) } };
}

/** The items of a batch: each is the request of one kind, and the kind beside its fields. */
function withBatchItems(components: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const items = { train: 'TrainRequest', generate: 'GenerateRequest' };
  const named = Object.entries(items).map(([kind, request]): [string, JsonSchema] => {
    const { properties, required, ...rest } = z
      .looseObject({ properties: z.record(z.string(), z.unknown()), required: z.array(z.string()) })
      .parse(components[request]);
    const { examples: _, ...schema } = rest;
    const item = { ...schema, properties: { kind: { const: kind }, ...properties }, required: ['kind', ...required] };
    return [`${request.replace('Request', '')}BatchItem`, item];
  });
  const oneOf = named.map(([name]) => ({ $ref: refOf(name) }));
  const mapping = Object.fromEntries(Object.keys(items).map((kind, place) => [kind, oneOf[place]!.$ref]));
  const jobs = { ...components['JobBatch'], items: { oneOf, discriminator: { propertyName: 'kind', mapping } } };
  return { ...components, ...Object.fromEntries(named), JobBatch: jobs };
}

function refOf(name: string): string {
  return `#/components/schemas/${name}`;
}

function describe(schemas: Record<string, z.ZodType>, io: 'input' | 'output'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const described = z.toJSONSchema(registry, {
    io,
    uri: refOf,
    override: ({ jsonSchema }) => {
      // Answers may grow new fields; only requests refuse what they do not know.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(Object.entries(described.schemas).map(([name, schema]) => [name, component(name, schema)]));
}

/** A schema as the document holds it: without an id of its own, with an example if there is one. */
function component(name: string, schema: JsonSchema): JsonSchema {
  const own = Object.entries(schema).filter(([keyword]) => keyword !== '$schema' && keyword !== '$id');
  const example = EXAMPLES[name];
  return { ...Object.fromEntries(own), ...(example !== undefined && { examples: [example] }) };
}
