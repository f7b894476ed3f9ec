import { generateRequest, trainRequest } from '@glyphmill/contract';

export const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } } as const;

const COMMON = {
  state: 'queued',
  createdAt: '2027-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  progress: null,
  result: null,
  error: null,
  attempts: 0,
  maxAttempts: 3,
  priority: 0,
  tags: [],
  worker: null,
  queuePosition: 0,
  requested: null,
  retryOf: null,
};
export const TRAIN_JOB = { ...COMMON, id: 'job_1', kind: 'train', request: trainRequest.parse(TRAIN) };
export const GENERATE_JOB = {
  ...COMMON,
  id: 'job_2',
  kind: 'generate',
  request: generateRequest.parse({ model: 'model_1', prompts: ['a'] }),
};
