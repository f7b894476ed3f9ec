import { generateRequest, job, trainRequest } from '@glyphmill/jobs';
import { outputLine } from '@glyphmill/model/config';
import { expect, test } from 'vitest';
import { datasetPage } from '../datasets/dataset.js';
import { eventPage } from '../jobs/event-page.js';
import { jobBatch } from '../jobs/job-batch.js';
import { jobPage } from '../jobs/job-list.js';
import { problemDocument } from '../problem/problem.js';
import { queues } from '../workers/workers.js';
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
