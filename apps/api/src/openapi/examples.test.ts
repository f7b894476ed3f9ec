import {
  datasetPage,
  eventPage,
  generateRequest,
  job,
  jobBatch,
  jobPage,
  problemDocument,
  queues,
  trainRequest,
} from '@glyphmill/contract';
import { outputLine } from '@glyphmill/model/config';
import { expect, test } from 'vitest';
import { EXAMPLES } from './examples.js';

test.each([
  ['TrainRequest', trainRequest],
  ['GenerateRequest', generateRequest],
  ['JobBatch', jobBatch],
  ['DatasetPage', datasetPage],
  ['Job', job],
  ['JobPage', jobPage],
  ['EventPage', eventPage],
  ['OutputLine', outputLine],
  ['Queues', queues],
  ['Problem', problemDocument],
])('the example of %s fits its schema', (name, schema) => {
  expect(schema.safeParse(EXAMPLES[name]).error).toBeUndefined();
});
