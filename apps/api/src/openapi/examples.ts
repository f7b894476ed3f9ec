import { generateRequest } from '@glyphmill/contract';

const DATASET = {
  id: 'moby-dick',
  name: 'Moby Dick; or, The Whale (Herman Melville, 1851)',
  bytes: 1_204_997,
  characters: 1_190_317,
  vocabularySize: 83,
  sha256: 'fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240',
  createdAt: '2027-01-01T00:00:00.000Z',
};

const JOB = {
  id: 'job_01JGFJJZ008MD8XTDC4SCJ7WGE',
  kind: 'generate',
  state: 'queued',
  createdAt: '2027-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  request: generateRequest.parse({
    model: 'model_01JGFJJZ00R0S4CPKQG9TVGNDA',
    prompts: ['Call me '],
    maxNewTokens: 256,
    tags: ['demo'],
  }),
  progress: null,
  result: null,
  error: null,
  attempts: 0,
  maxAttempts: 3,
  priority: 0,
  tags: ['demo'],
  worker: null,
  queuePosition: 0,
  requested: null,
  retryOf: null,
};

/** An example for each schema of the document that a reader would otherwise have to imagine. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  TrainRequest: {
    dataset: 'moby-dick',
    name: 'whale',
    model: { kind: 'bigram', blockSize: 8 },
    training: { maxSteps: 2000, batchSize: 1024, learningRate: 0.01 },
    tags: ['demo'],
  },
  GenerateRequest: {
    model: 'model_01JGFJJZ00R0S4CPKQG9TVGNDA',
    prompts: ['Call me ', 'The whale'],
    maxNewTokens: 256,
    temperature: 0.8,
    topK: 40,
    repetitionPenalty: 1.1,
    stop: ['\n\n'],
    samples: 2,
  },
  JobBatch: [
    { kind: 'train', dataset: 'moby-dick', model: { kind: 'bigram' }, deadline: '2027-01-02T00:00:00Z' },
    { kind: 'generate', model: 'model_01JGFJJZ00R0S4CPKQG9TVGNDA', prompts: ['Call me '], tags: ['demo'] },
  ],
  Dataset: DATASET,
  DatasetPage: { data: [DATASET], nextCursor: null },
  Job: JOB,
  JobPage: { data: [JOB], nextCursor: 'job_01JGFJJZ008MD8XTDC4SCJ7WGE' },
  EventPage: {
    data: [
      { id: '1798761600000-0', at: '2027-01-01T00:00:00.000Z', type: 'state', state: 'queued' },
      { id: '1798761601000-0', at: '2027-01-01T00:00:01.000Z', type: 'metric', step: 250, trainLoss: 2.71 },
      {
        id: '1798761602000-0',
        at: '2027-01-01T00:00:02.000Z',
        type: 'text',
        promptIndex: 0,
        sampleIndex: 0,
        text: 'Ishmael.',
        tokenCount: 8,
      },
    ],
    nextCursor: null,
  },
  OutputLine: {
    promptIndex: 0,
    sampleIndex: 0,
    prompt: 'Call me ',
    text: 'Ishmael.',
    tokenCount: 10,
    finishReason: 'stop',
    seed: 1337,
  },
  Queues: {
    train: { waiting: 2, running: 1, paused: 0, oldestWaitSeconds: 12.5 },
    generate: { waiting: 0, running: 0, paused: 0, oldestWaitSeconds: null },
  },
  Problem: {
    type: 'urn:glyphmill:problem:invalid_request',
    title: 'The request has fields that cannot be used',
    status: 400,
    detail: 'training.maxSteps: Too small: expected number to be >=1',
    code: 'invalid_request',
    instance: 'urn:glyphmill:request:0d5f0b0e-6a4c-4c80-9d0f-8a6f3c3d2b11',
    errors: [{ path: 'training.maxSteps', message: 'Too small: expected number to be >=1' }],
  },
};
