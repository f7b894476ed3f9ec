import { describe, expect, test } from 'vitest';
import { excessOf, generateRequest, recordedTrainRequest, trainRequest } from './index.js';

const promptsOf = (promptCount: number) => ({ promptCount, promptBytes: promptCount });

const TRAIN = { dataset: 'moby-dick', model: { kind: 'bigram' } };

describe('initFrom', () => {
  test('initFrom of a plain id asks for the same vocabulary and positions', () => {
    const same = { model: 'model_1', vocabulary: 'same', positions: 'same' };
    expect(trainRequest.parse({ ...TRAIN, initFrom: 'model_1' }).initFrom).toEqual(same);
    expect(trainRequest.parse({ ...TRAIN, initFrom: { model: 'model_1' } }).initFrom).toEqual(same);
  });

  test('initFrom names how what differs is mapped, and comes through a record as it is', () => {
    const initFrom = { model: 'model_1', vocabulary: 'by-character', positions: 'resize' };
    const request = trainRequest.parse({ ...TRAIN, initFrom });
    expect(request.initFrom).toEqual(initFrom);
    expect(trainRequest.parse(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });

  test.each([
    ['../model', 'an id is 1 to 64 letters, digits, _ and -'],
    [{ model: 'model_1', vocabulary: 'any' }, 'vocabulary: Invalid option: expected one of "same"|"by-character"'],
    [{ model: 'model_1', positions: 1, heads: 'same' }, /^positions: .*"resize".*; .*heads/u],
    [{}, /^model: .*expected string/u],
  ])('initFrom that is %o is refused, and the message says what is wrong in it', (initFrom, message) => {
    const { error } = trainRequest.safeParse({ ...TRAIN, initFrom });
    expect(error?.issues).toHaveLength(1);
    expect(error?.issues[0]).toMatchObject({ path: ['initFrom'], message: expect.stringMatching(message) });
  });
});

test('initFrom and resumeFrom together are refused, and both are named', () => {
  const { error } = trainRequest.safeParse({ ...TRAIN, initFrom: 'model_1', resumeFrom: 'job_1' });
  expect(error?.issues).toMatchObject([
    { path: ['resumeFrom'], message: expect.stringMatching(/initFrom and resumeFrom/u) },
  ]);
});

test('a schedule that contradicts itself is refused by field, but comes through a record that an earlier version filled in', () => {
  const training = { learningRate: 1e-5, minLearningRate: 1e-4, maxSteps: 50, warmupSteps: 100 };
  const { error } = trainRequest.safeParse({ ...TRAIN, training });
  expect(error?.issues).toMatchObject([
    { path: ['training', 'minLearningRate'], message: expect.stringMatching(/above the learningRate of 0\.00001/u) },
    { path: ['training', 'warmupSteps'], message: expect.stringMatching(/take at most 49/u) },
  ]);
  expect(recordedTrainRequest.parse({ ...TRAIN, training }).training).toMatchObject(training);
});

describe('a deadline', () => {
  test.each([
    ['tomorrow', /^a time with its offset, such as/u],
    ['2027-01-01', /^a time with its offset, such as/u],
    ['9999-12-31T23:59:59-23:59', 'the year may be at most 9999, in UTC'],
  ])('a deadline of %o is refused, and the message says what one is', (deadline, message) => {
    const { error } = trainRequest.safeParse({ ...TRAIN, deadline });
    expect(error?.issues).toMatchObject([{ path: ['deadline'], message: expect.stringMatching(message) }]);
  });

  test('a deadline is kept in UTC, and comes through a record as it is', () => {
    const request = trainRequest.parse({ ...TRAIN, deadline: '2030-01-01T01:00:00+01:00' });
    expect(request.deadline).toBe('2030-01-01T00:00:00.000Z');
    expect(trainRequest.parse(JSON.parse(JSON.stringify(request)))).toEqual(request);
  });
});

test.each(['two\nlines', 'a\u0000b', 'half \ud83d', 'turned \u202e round'])('a name of %j is refused', (name) => {
  const { error } = trainRequest.safeParse({ ...TRAIN, name });
  expect(error?.issues).toMatchObject([{ path: ['name'], message: expect.stringMatching(/^a name is one line/u) }]);
  expect(trainRequest.parse({ ...TRAIN, name: 'Der Wal 🐋' }).name).toBe('Der Wal 🐋');
});

describe('the prompts of a generate request', () => {
  test.each([{}, { prompts: ['a'], promptsDataset: 'dataset_1' }])('%o are refused: it is one of the two', (given) => {
    const { error } = generateRequest.safeParse({ model: 'model_1', ...given });
    expect(error?.issues).toMatchObject([
      { path: ['prompts'], message: expect.stringMatching(/either prompts, or promptsDataset/u) },
    ]);
  });

  test('the prompts of a generate request may be those of a dataset', () => {
    const request = generateRequest.parse({ model: 'model_1', promptsDataset: 'dataset_1' });
    expect(request).toMatchObject({ promptsDataset: 'dataset_1', maxNewTokens: 256 });
    expect(request).not.toHaveProperty('prompts');
  });
});

test('what a request asks too much of depends on how many prompts there are', () => {
  const request = { samples: 10, maxNewTokens: 1000, logprobs: 0 };
  expect(excessOf(request, promptsOf(50_000))).toBeUndefined();
  expect(excessOf(request, promptsOf(50_001))).toMatchObject({
    field: 'maxNewTokens',
    message: expect.stringContaining('500000000'),
  });
  expect(excessOf(request, promptsOf(100_001))).toMatchObject({
    field: 'samples',
    message: expect.stringContaining('1000000'),
  });
});

test('log probabilities are bounded for a prompt and for a job', () => {
  const request = { samples: 10, maxNewTokens: 1250, logprobs: 20 };
  expect(excessOf(request, promptsOf(400))).toBeUndefined();
  expect(excessOf(request, promptsOf(401))).toMatchObject({
    field: 'logprobs',
    message: expect.stringContaining('100000000'),
  });
  const ofPrompt = {
    field: 'logprobs',
    message: expect.stringMatching(/^samples.* at most 250000,.* ask for fewer$/u),
  };
  expect(excessOf({ ...request, maxNewTokens: 1251 }, promptsOf(1))).toMatchObject(ofPrompt);
});

describe('a sampling field of a generate request', () => {
  const GENERATE = { model: 'model_1', prompts: ['a'] };
  const stopStrings = Array.from({ length: 9 }, () => 'a');

  test.each([
    ['stop', 'a', /expected array/u],
    ['stop', stopStrings, 'at most 8 stop strings; leave some out'],
    ['stop.1', ['a', ''], /^a stop string has 1 to 256 characters/u],
    ['stop.0', ['a'.repeat(257)], /^a stop string has 1 to 256 characters/u],
    ['stop.0', [7], /expected string/u],
    ['stop.0', ['\ud83d'], /surrogate/u],
    ['repetitionPenalty', 0, />=0.01/u],
    ['repetitionPenalty', 101, /<=100/u],
    ['repetitionPenalty', NaN, /NaN/u],
    ['repetitionPenalty', '1', /expected number/u],
    ['logprobs', 21, /<=20/u],
    ['logprobs', -1, />=0/u],
    ['logprobs', 1.5, /expected int/u],
    ['logprobs', true, /expected number/u],
    ['window', 'growing', /"restarting"\|"sliding"/u],
    ['window', 1, /"restarting"\|"sliding"/u],
  ])('%s that is %o is refused by its name and limit', (path, value, message) => {
    const [field = ''] = path.split('.');
    const { error } = generateRequest.safeParse({ ...GENERATE, [field]: value });
    expect(error?.issues).toHaveLength(1);
    expect(error?.issues[0]!.path.join('.')).toBe(path);
    expect(error?.issues[0]!.message).toMatch(message);
  });

  test('a sampling field of a generate request that is left out changes nothing', () => {
    const off = { repetitionPenalty: 1, stop: [], logprobs: 0, window: 'restarting' };
    expect(generateRequest.parse(GENERATE)).toMatchObject(off);
  });
});

describe('a request with stream', () => {
  test.each([
    [{ promptsDataset: 'dataset_1' }, /prompts that come with the request/u],
    [{ prompts: ['a', 'b'], samples: 9 }, /prompts × samples ≤ 16/u],
    [{ prompts: ['a'], maxNewTokens: 16_385 }, /prompts × samples × maxNewTokens ≤ 16384/u],
  ])('a request with stream of %o is refused, and the message names the limit', (given, message) => {
    const { error } = generateRequest.safeParse({ model: 'model_1', stream: true, ...given });
    expect(error?.issues).toMatchObject([{ path: ['stream'], message: expect.stringMatching(message) }]);
  });

  test('a request with stream of a small job is taken; it is false where it is left out', () => {
    const small = { model: 'model_1', prompts: ['a', 'b'], samples: 8 };
    expect(generateRequest.parse({ ...small, stream: true })).toMatchObject({ stream: true });
    expect(generateRequest.parse(small)).toMatchObject({ stream: false });
  });
});

test('the bytes of all prompts times samples are limited, as each line of the output repeats its prompt', () => {
  const prompts = ['a'.repeat(4 * 1024 ** 2)];
  expect(generateRequest.safeParse({ model: 'model_1', prompts, samples: 256, maxNewTokens: 1 }).success).toBe(true);
  const refused = generateRequest.safeParse({ model: 'model_1', prompts, samples: 257, maxNewTokens: 1 });
  expect(refused.error?.issues).toMatchObject([
    { path: ['samples'], message: expect.stringMatching(/may be at most 1073741824, .* take fewer samples/u) },
  ]);
});
