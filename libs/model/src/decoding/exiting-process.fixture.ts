import { openScheduler, randomModel, randomSequence } from './decoding-model.fixture.js';

/** A process that exits with code 3 in the midst of decoding, while one thread computes and another opens the model. */
const random = randomModel({ kind: 'gpt', nLayer: 2, nEmbd: 64, nHead: 2, blockSize: 128 });
const decoder = await openScheduler(random, { decodingThreads: 2, sessionThreads: 1 });
await decoder.decode(
  Array.from({ length: 40 }, (_, number) => randomSequence(number, 5)),
  {
    maxNewTokens: 10_000,
    sampling: { temperature: 1, topK: 0, topP: 1 },
    yieldToEventLoop: () => Promise.resolve(),
    // oxlint-disable-next-line unicorn/no-process-exit -- this is the end of a process, not a library
    onTokens: () => process.exit(3),
  },
);
