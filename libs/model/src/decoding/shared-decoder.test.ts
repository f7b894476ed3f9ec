import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodedTokens } from '../sampling/decoded-tokens.js';
import type { DecodingOptions } from '../sampling/decoder.js';
import type { DecodingModel } from './decoding-model.js';
import { closeDecodingModel, openDecodingModel, randomModel, randomSequence } from './decoding-model.fixture.js';
import { SharedDecoder } from './shared-decoder.js';

type Options = Omit<DecodingOptions, 'onTokens'>;

let model: DecodingModel;
beforeAll(async () => {
  model = await openDecodingModel(randomModel({ kind: 'multi-head', nEmbd: 16, nHead: 2, blockSize: 64 }), 1);
});
afterAll(() => closeDecodingModel(model));

const options = (more: Partial<Options> = {}): Options => ({
  maxNewTokens: 30,
  sampling: { temperature: 1, topK: 0, topP: 1 },
  breathe: () => Promise.resolve(),
  ...more,
});

/** Sequences of a call; other calls have others. */
const sequences = (call: number, count: number) =>
  Array.from({ length: count }, (_, at) => randomSequence(1000 * call + at, 1 + (at % 7)));

test('calls at the same time get what each gets alone', async () => {
  const shared = new SharedDecoder(model);
  const other = { maxNewTokens: 7, sampling: { temperature: 0, topK: 0, topP: 1 } };
  const together = await Promise.all([
    decodedTokens(shared, sequences(1, 130), options()),
    decodedTokens(shared, sequences(2, 3), options(other)),
    decodedTokens(shared, sequences(3, 20), options({ maxNewTokens: 100 })),
  ]);
  const alone = [
    await decodedTokens(new SharedDecoder(model), sequences(1, 130), options()),
    await decodedTokens(new SharedDecoder(model), sequences(2, 3), options(other)),
    await decodedTokens(new SharedDecoder(model), sequences(3, 20), options({ maxNewTokens: 100 })),
  ];
  expect(together).toEqual(alone);
});

test('a short call that comes while a long one has all places is done long before it', async () => {
  const shared = new SharedDecoder(model);
  const ended: string[] = [];
  let breaths = 0;
  let short: Promise<unknown> | undefined;
  const breathe = () => {
    breaths += 1;
    if (breaths === 2) short = decodedTokens(shared, sequences(2, 1), options()).then(() => ended.push('short'));
    return Promise.resolve();
  };
  await decodedTokens(shared, sequences(1, 1000), options({ breathe })).then(() => ended.push('long'));
  await short;
  expect(ended).toEqual(['short', 'long']);
});

test('a call that is stopped ends at the next step, and the others go on', async () => {
  const shared = new SharedDecoder(model);
  let breaths = 0;
  const breathe = () => {
    breaths += 1;
    return breaths < 3 ? Promise.resolve() : Promise.reject(new Error('stopped'));
  };
  const stopped = decodedTokens(shared, sequences(1, 50), options({ maxNewTokens: 10_000, breathe }));
  const other = decodedTokens(shared, sequences(2, 4), options());
  await expect(stopped).rejects.toThrow('stopped');
  expect(await other).toEqual(await decodedTokens(new SharedDecoder(model), sequences(2, 4), options()));
  expect(breaths).toBe(3);
  expect(await decodedTokens(shared, sequences(2, 4), options())).toEqual(await other);
});

test('a sequence that is told to end gets nothing more, and its place goes to the next', async () => {
  const shared = new SharedDecoder(model);
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
