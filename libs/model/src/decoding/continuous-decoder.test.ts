import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { logitsProcessors } from '../sampling/logits-processor.js';
import type { SamplingRules } from '../sampling/sampling-rules.js';
import { seenTokens } from '../sampling/seen-tokens.js';
import { startSequence } from '../sampling/sequence.js';
import { ContinuousDecoder, SHORT_STEP_TOKENS } from './continuous-decoder.js';
import { CHUNK_TOKENS } from './running-batch.js';
import type { DecodingModel } from './decoding-session.js';
import {
  addSequence,
  closeDecodingModel,
  openDecodingModel,
  randomModel,
  randomSequence,
  tokensOfRun,
  VOCABULARY,
} from './decoding-model.fixture.js';

const BLOCK = 32;
const sampling: SamplingRules = { temperature: 1, topK: 0, topP: 1 };

let model: DecodingModel;
beforeAll(async () => {
  model = await openDecodingModel(randomModel({ kind: 'multi-head', nEmbd: 16, nHead: 2, blockSize: BLOCK }), 1);
});
afterAll(() => closeDecodingModel(model));

test('a sequence gets a chunk of tokens per run, until it has all or the block is full', async () => {
  const decoder = new ContinuousDecoder(model);
  const long = addSequence(decoder, randomSequence(1, 10), { sampling, maxNewTokens: 40 });
  const short = addSequence(decoder, randomSequence(2, 1), { sampling, maxNewTokens: 3 });
  const runs = [];
  while (decoder.size > 0) {
    const taken = await tokensOfRun(decoder);
    runs.push([long, short].map((id) => taken.get(id)).map((taken) => taken && [taken.tokens.length, taken.finished]));
  }
  expect(runs).toEqual([
    [
      [CHUNK_TOKENS, false],
      [3, true],
    ],
    [[7, false], undefined], // the block has 32 tokens before the newest
    [[CHUNK_TOKENS, false], undefined],
    [[1, true], undefined],
  ]);
  expect((await tokensOfRun(decoder)).size).toBe(0);
});

test('while a sequence is streamed all get short steps of the same chunks, and whoever comes waits for the next chunk', async () => {
  const options = { sampling, maxNewTokens: 100 };
  const decoder = new ContinuousDecoder(model);
  const long = addSequence(decoder, randomSequence(1, 3), options);
  const streamed = addSequence(decoder, randomSequence(2, 3), { sampling, maxNewTokens: 10, isStreamed: true });
  let late: number | undefined;
  const runs = [];
  for (let run = 0; run < 6; run += 1) {
    if (run === 1) late = addSequence(decoder, randomSequence(3, 3), options);
    const taken = await tokensOfRun(decoder);
    runs.push([long, streamed, late].map((id) => (id === undefined ? undefined : taken.get(id)?.tokens.length)));
  }
  expect(runs).toEqual([
    [SHORT_STEP_TOKENS, SHORT_STEP_TOKENS, undefined],
    [SHORT_STEP_TOKENS, SHORT_STEP_TOKENS, undefined],
    [8, 2, undefined], // the streamed one is done first: the rest of the chunk is one run
    [14, undefined, CHUNK_TOKENS], // the block is full
    [CHUNK_TOKENS, undefined, 14],
    [CHUNK_TOKENS, undefined, CHUNK_TOKENS],
  ]);
});

test('streamed sequences have places beside those of the others', async () => {
  const decoder = new ContinuousDecoder(model);
  const options = { sampling, maxNewTokens: 100 };
  for (let number = 0; number < model.batchSize; number += 1) addSequence(decoder, randomSequence(number, 3), options);
  await tokensOfRun(decoder);
  const streamed = addSequence(decoder, randomSequence(99, 3), { ...options, isStreamed: true });
  const taken = await tokensOfRun(decoder);
  expect([...taken.keys()][0]).toBe(streamed);
  expect([...taken.values()].map(({ tokens }) => tokens.length)).toEqual(
    Array(model.batchSize + 1).fill(SHORT_STEP_TOKENS),
  );
});

test('logits are given where they are asked for', async () => {
  const decoder = new ContinuousDecoder(model);
  const options = { sampling: { ...sampling, temperature: 0 }, maxNewTokens: 40 };
  const id = addSequence(decoder, randomSequence(1, 10), { ...options, withLogits: true });
  const other = addSequence(decoder, randomSequence(1, 10), options);
  const taken = await tokensOfRun(decoder);
  const { tokens, logits } = taken.get(id)!;
  const likeliest = Array.from(tokens, (_, at) => {
    const row = logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
    return row.indexOf(Math.max(...row));
  });
  expect(likeliest).toEqual([...tokens]);
  expect(taken.get(other)).toEqual({ tokens, logits: new Float32Array(0), finished: false });
});

test('the repetition penalty sees the prompt and all new tokens, also those that the window has left behind', async () => {
  const rules = { ...sampling, temperature: 0, repetitionPenalty: 1.4 };
  const decoder = new ContinuousDecoder(model);
  addSequence(decoder, randomSequence(2, 3), { sampling, maxNewTokens: 100 });
  const sequence = randomSequence(1, BLOCK + 10);
  const id = addSequence(decoder, sequence, { sampling: rules, maxNewTokens: 100, withLogits: true });
  const text = [...sequence.context];
  let likeliest = 0;
  while (decoder.size > 0) {
    const { tokens, logits } = (await tokensOfRun(decoder)).get(id)!;
    for (const [at, token] of tokens.entries()) {
      const row = Float64Array.from(logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY));
      if (row[token] === Math.max(...row)) likeliest += 1;
      const processors = logitsProcessors(rules, seenTokens(Int32Array.from(text), VOCABULARY));
      for (const processor of processors) processor.process(row);
      expect(row[token]).not.toBe(-Infinity);
      text.push(token);
    }
  }
  expect(text).toHaveLength(BLOCK + 110);
  expect(likeliest).toBeLessThan(100); // the penalty did change what was drawn
});

test('a removed sequence gets nothing more, even if it is removed during a run, and its place is free', async () => {
  const decoder = new ContinuousDecoder(model);
  const options = { sampling, maxNewTokens: 500 };
  const [first, second, third] = [1, 2, 3].map((number) => addSequence(decoder, randomSequence(number, 5), options));
  const running = tokensOfRun(decoder);
  decoder.remove(first!);
  expect([...(await running).keys()]).toEqual([second, third]);
  const fourth = addSequence(decoder, randomSequence(4, 5), options);
  expect(new Set((await tokensOfRun(decoder)).keys())).toEqual(new Set([second, third, fourth]));
  for (const id of [second, third, fourth, 99]) decoder.remove(id!);
  expect(decoder.size).toBe(0);
});

test('more sequences than a group has are as they are alone, and a group takes new ones before another does', async () => {
  const options = { sampling, maxNewTokens: 20 };
  const decoder = new ContinuousDecoder(model);
  const count = model.batchSize + 2;
  const ids = Array.from({ length: count }, (_, number) => addSequence(decoder, randomSequence(number, 3), options));
  const taken = await tokensOfRun(decoder);
  expect([...taken.keys()]).toEqual(ids);
  for (const [number, id] of ids.entries()) {
    const alone = new ContinuousDecoder(model);
    addSequence(alone, randomSequence(number, 3), options);
    expect([...(await tokensOfRun(alone)).values()]).toEqual([taken.get(id)]);
  }
  decoder.remove(ids[0]!);
  const next = addSequence(decoder, randomSequence(count, 3), options);
  expect([...(await tokensOfRun(decoder)).keys()].indexOf(next)).toBe(model.batchSize - 1);
});

test('what samples of one prompt see is computed once, and each is as it is alone', async () => {
  const context = randomSequence(1, 20).context;
  const sample = (sampleIndex: number) => startSequence(context, { seed: 1, promptIndex: 0, sampleIndex });
  const options = { sampling, maxNewTokens: 5 };
  const alone = [];
  for (let index = 0; index < 4; index += 1) {
    const decoder = new ContinuousDecoder(model);
    addSequence(decoder, sample(index), options);
    alone.push(...(await tokensOfRun(decoder)).values());
  }
  const computed = vi.spyOn(model.model, 'keysAndValues');
  const together = new ContinuousDecoder(model);
  for (let index = 0; index < 4; index += 1) addSequence(together, sample(index), options);
  expect([...(await tokensOfRun(together)).values()]).toEqual(alone);
  expect(computed.mock.calls.map(([, rows]) => rows)).toEqual([1]);
  computed.mockRestore();
});

test('runs do not overlap', async () => {
  const decoder = new ContinuousDecoder(model);
  addSequence(decoder, randomSequence(1, 3), { sampling, maxNewTokens: 1 });
  const first = tokensOfRun(decoder);
  await expect(tokensOfRun(decoder)).rejects.toThrow(/A run is under way/u);
  expect((await first).size).toBe(1);
});
