import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodedTokens } from '../sampling/decoded-tokens.js';
import type { DecodingOptions } from '../sampling/decoder.js';
import { WindowDecoder } from '../sampling/window-decoder.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import {
  addSequence,
  openDecodingModel,
  openScheduler,
  randomModel,
  randomSequence,
  VOCABULARY,
} from './decoding-model.fixture.js';
import type { Scheduler } from './scheduler.js';

type Options = Omit<DecodingOptions, 'onTokens'>;

const BLOCK = 64;
const random = randomModel({ kind: 'multi-head', nEmbd: 16, nHead: 2, blockSize: BLOCK });

/** Over two threads, and over one. */
let shared: Scheduler;
let other: Scheduler;
beforeAll(async () => {
  shared = await openScheduler(random, { decodingThreads: 2, sessionThreads: 1 });
  other = await openScheduler(random, { decodingThreads: 1, sessionThreads: 2 });
});
afterAll(async () => {
  await shared.close();
  await other.close();
});

const options = (more: Partial<Options> = {}): Options => ({
  maxNewTokens: 30,
  sampling: { temperature: 1, topK: 0, topP: 1 },
  yieldToEventLoop: () => Promise.resolve(),
  ...more,
});

/** Sequences of a call; other calls have others. */
const sequences = (call: number, count: number) =>
  Array.from({ length: count }, (_, at) => randomSequence(1000 * call + at, 1 + (at % 7)));

test('calls at the same time get what each gets alone, whatever the threads', async () => {
  const greedy = { maxNewTokens: 7, sampling: { temperature: 0, topK: 0, topP: 1 } };
  const together = await Promise.all([
    decodedTokens(shared, sequences(1, 130), options()),
    decodedTokens(shared, sequences(2, 3), options(greedy)),
    decodedTokens(shared, sequences(3, 20), options({ maxNewTokens: 100 })),
  ]);
  const alone = [
    await decodedTokens(other, sequences(1, 130), options()),
    await decodedTokens(other, sequences(2, 3), options(greedy)),
    await decodedTokens(other, sequences(3, 20), options({ maxNewTokens: 100 })),
  ];
  expect(together).toEqual(alone);
});

test('until the block is full, greedy texts are those of the sliding window, and then they continue', async () => {
  const greedy = options({ maxNewTokens: 200, sampling: { temperature: 0, topK: 0, topP: 1 } });
  const starts = () => [1, 9, 20].map((length, number) => randomSequence(number, length));
  const window = new WindowDecoder(shared.logits, { vocabularySize: VOCABULARY, blockSize: BLOCK });
  const [chunked, slid] = [
    await decodedTokens(shared, starts(), greedy),
    await decodedTokens(window, starts(), greedy),
  ];
  expect(chunked.map((tokens) => tokens.length)).toEqual([200, 200, 200]);
  for (const [index, { context }] of starts().entries()) {
    const within = BLOCK - context.length + 1;
    expect(chunked[index]!.subarray(0, within)).toEqual(slid[index]!.subarray(0, within));
  }
});

test.each([1, 1.5])(
  'a thread needs no more of a long prompt than it looks at, with a penalty of %d',
  async (penalty) => {
    const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: penalty };
    const starts = () =>
      [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5000].map((length, number) => randomSequence(number, length));
    const model = await openDecodingModel(random, 1);
    const whole = new ContinuousDecoder(model);
    const texts = starts().map((): number[] => []);
    for (const sequence of starts()) addSequence(whole, sequence, { sampling, maxNewTokens: 100 });
    while (whole.size > 0) {
      await whole.run((taken) => {
        for (const [id, { tokens }] of taken) texts[id]!.push(...tokens);
      });
    }
    const drawn = await decodedTokens(shared, starts(), options({ sampling, maxNewTokens: 100 }));
    expect(drawn.map((tokens) => Array.from(tokens))).toEqual(texts);
    await model.model.close();
    await model.decoding.close();
  },
);

test('no sequences are no texts, and an error thrown while it yields ends the decoding', async () => {
  const yieldToEventLoop = () => Promise.reject(new Error('stopped'));
  expect(await decodedTokens(shared, [], options({ yieldToEventLoop }))).toEqual([]);
  await expect(decodedTokens(shared, sequences(1, 1), options({ yieldToEventLoop }))).rejects.toThrow('stopped');
});

test('a short call that comes while a long one has all places is done long before it', async () => {
  const ended: string[] = [];
  let breaths = 0;
  let short: Promise<unknown> | undefined;
  const yieldToEventLoop = () => {
    breaths += 1;
    if (breaths === 2) short = decodedTokens(shared, sequences(2, 1), options()).then(() => ended.push('short'));
    return Promise.resolve();
  };
  await decodedTokens(shared, sequences(1, 1000), options({ yieldToEventLoop })).then(() => ended.push('long'));
  await short;
  expect(ended).toEqual(['short', 'long']);
});

test('a streamed call that comes while long ones have all places gets its tokens at once, a few at a time', async () => {
  const steps: string[] = [];
  const long = shared.decode(sequences(1, 200), {
    ...options({ maxNewTokens: 60 }),
    onTokens: (index, { finished }) => {
      if (finished && index === 199) steps.push('all of the long');
      return true;
    },
  });
  const streamed = shared.decode(sequences(2, 1), {
    ...options({ maxNewTokens: 10, isStreamed: true }),
    onTokens: (_, { tokens }) => {
      steps.push(`${tokens.length} streamed`);
      return true;
    },
  });
  await Promise.all([long, streamed]);
  expect(steps).toEqual(['4 streamed', '4 streamed', '2 streamed', 'all of the long']);
});

test('a call that is stopped ends at the next step, and the others continue', async () => {
  let breaths = 0;
  const yieldToEventLoop = () => {
    breaths += 1;
    return breaths < 3 ? Promise.resolve() : Promise.reject(new Error('stopped'));
  };
  const stopped = decodedTokens(shared, sequences(1, 50), options({ maxNewTokens: 10_000, yieldToEventLoop }));
  const going = decodedTokens(shared, sequences(2, 4), options());
  await expect(stopped).rejects.toThrow('stopped');
  const whole = await decodedTokens(other, sequences(2, 4), options());
  expect(await going).toEqual(whole);
  expect(breaths).toBe(3);
  expect(await decodedTokens(shared, sequences(2, 4), options())).toEqual(whole);
});

test('a sequence that is told to end gets nothing more, and its place goes to the next', async () => {
  const seen = new Map<number, number>();
  await shared.decode(sequences(1, 100), {
    ...options({ maxNewTokens: 1000 }),
    onTokens: (index, { tokens }) => {
      seen.set(index, (seen.get(index) ?? 0) + tokens.length);
      return false;
    },
  });
  expect(seen.size).toBe(100);
  for (const count of seen.values()) expect(count).toBeLessThan(1000);
});

test('what is done with tokens may throw: the call ends with it, and the others continue', async () => {
  const failing = shared.decode(sequences(1, 3), {
    ...options(),
    onTokens: () => {
      throw new Error('no room on the disk');
    },
  });
  const going = decodedTokens(shared, sequences(2, 4), options());
  await expect(failing).rejects.toThrow('no room on the disk');
  expect(await going).toEqual(await decodedTokens(other, sequences(2, 4), options()));
});

test('an error in a thread rejects its calls with the reason, and another thread takes its place', async () => {
  const impossible = { temperature: 1, topK: 1.5, topP: 1 };
  const failing = decodedTokens(other, sequences(1, 3), options({ sampling: impossible }));
  const beside = decodedTokens(other, sequences(2, 3), options({ maxNewTokens: 10_000 }));
  await expect(failing).rejects.toThrow(/1\.5.*BigInt/u);
  await expect(beside).rejects.toThrow(/1\.5.*BigInt/u);
  expect(await decodedTokens(other, sequences(2, 3), options())).toHaveLength(3);
});

test('a graph that cannot be opened is said with the reason', async () => {
  const bytes = new SharedArrayBuffer(3);
  const opening = openScheduler(random, { decodingThreads: 1, sessionThreads: 1 }, { decodingOnnx: bytes });
  await expect(opening).rejects.toThrow(/protobuf/iu);
});

test('a decoder that is closed while it decodes rejects its calls, and those that come later', async () => {
  const closing = await openScheduler(random, { decodingThreads: 2, sessionThreads: 1 });
  const begun = Promise.withResolvers<void>();
  const onTokens = () => {
    begun.resolve();
    return true;
  };
  const left = closing.decode(sequences(1, 1000), { ...options({ maxNewTokens: 10_000 }), onTokens });
  const closed = { code: 'decoding_thread_ended', message: expect.stringMatching(/closed.*open it again/u) };
  await begun.promise;
  await Promise.all([closing.close(), expect(left).rejects.toMatchObject(closed)]);
  await expect(decodedTokens(closing, sequences(2, 1), options())).rejects.toMatchObject(closed);
});
