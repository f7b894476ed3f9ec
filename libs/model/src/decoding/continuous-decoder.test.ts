import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodedTokens } from '../sampling/decoded-tokens.js';
import { logitsProcessors, type SamplingRules } from '../sampling/logits-processor.js';
import { seenTokens } from '../sampling/seen-tokens.js';
import { WindowDecoder } from '../sampling/window-decoder.js';
import { ContinuousDecoder } from './continuous-decoder.js';
import { CHUNK_TOKENS } from './decoding-group.js';
import type { DecodingModel } from './decoding-model.js';
import {
  closeDecodingModel,
  openDecodingModel,
  randomModel,
  randomSequence,
  VOCABULARY,
} from './decoding-model.fixture.js';
import { SharedDecoder } from './shared-decoder.js';

const BLOCK = 32;
const sampling: SamplingRules = { temperature: 1, topK: 0, topP: 1 };

let model: DecodingModel;
beforeAll(async () => {
  model = await openDecodingModel(randomModel({ kind: 'multi-head', nEmbd: 16, nHead: 2, blockSize: BLOCK }), 1);
});
afterAll(() => closeDecodingModel(model));

test('a sequence gets a chunk of tokens a run, until it has all or the block is full', async () => {
  const decoder = new ContinuousDecoder(model, { slots: 2 });
  const long = decoder.add(randomSequence(1, 10), { sampling, maxNewTokens: 40 });
  const short = decoder.add(randomSequence(2, 1), { sampling, maxNewTokens: 3 });
  const runs = [];
  while (decoder.size > 0) {
    const taken = await decoder.run();
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
  expect((await decoder.run()).size).toBe(0);
});

test('logits are given where they are asked for', async () => {
  const decoder = new ContinuousDecoder(model, { slots: 1 });
  const id = decoder.add(randomSequence(1, 10), { sampling: { ...sampling, temperature: 0 }, maxNewTokens: 40 });
  const { tokens, logits } = (await decoder.run({ withLogits: true })).get(id)!;
  const likeliest = Array.from(tokens, (_, at) => {
    const row = logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
    return row.indexOf(Math.max(...row));
  });
  expect(likeliest).toEqual([...tokens]);
  expect((await decoder.run()).get(id)!.logits).toHaveLength(0);
});

test('the repetition penalty sees the prompt and all new tokens, also those that the window has left behind', async () => {
  const rules = { ...sampling, temperature: 0, repetitionPenalty: 1.4 };
  const decoder = new ContinuousDecoder(model, { slots: 2 });
  decoder.add(randomSequence(2, 3), { sampling, maxNewTokens: 100 });
  const sequence = randomSequence(1, BLOCK + 10);
  const id = decoder.add(sequence, { sampling: rules, maxNewTokens: 100 });
  const text = [...sequence.context];
  let likeliest = 0;
  while (decoder.size > 0) {
    const { tokens, logits } = (await decoder.run({ withLogits: true })).get(id)!;
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

test('a removed sequence gets nothing more, also where it is removed during a run, and its slot is free', async () => {
  const decoder = new ContinuousDecoder(model, { slots: 3 });
  const options = { sampling, maxNewTokens: 500 };
  const [first, second, third] = [1, 2, 3].map((number) => decoder.add(randomSequence(number, 5), options));
  expect(() => decoder.add(randomSequence(4, 5), options)).toThrow(/All 3 slots are taken/u);
  const running = decoder.run();
  decoder.remove(first!);
  expect([...(await running).keys()]).toEqual([second, third]);
  const fourth = decoder.add(randomSequence(4, 5), options);
  expect(new Set((await decoder.run()).keys())).toEqual(new Set([second, third, fourth]));
  for (const id of [second, third, fourth, 99]) decoder.remove(id!);
  expect(decoder.size).toBe(0);
});

test('until the block is full, greedy texts are those of the sliding window, and then they go on', async () => {
  const greedy = { ...sampling, temperature: 0 };
  const options = { maxNewTokens: 100, sampling: greedy, breathe: () => Promise.resolve() };
  const sequences = () => [1, 9, 20].map((length, number) => randomSequence(number, length));
  const window = new WindowDecoder(model.model.logits, { vocabularySize: VOCABULARY, blockSize: BLOCK });
  const [chunked, slid] = [
    await decodedTokens(new SharedDecoder(model), sequences(), options),
    await decodedTokens(window, sequences(), options),
  ];
  expect(chunked.map((tokens) => tokens.length)).toEqual([100, 100, 100]);
  for (const [index, { context }] of sequences().entries()) {
    const within = BLOCK - context.length + 1;
    expect(chunked[index]!.subarray(0, within)).toEqual(slid[index]!.subarray(0, within));
  }
});

test('more sequences than a group has are as they are alone, and a group takes new ones before another does', async () => {
  const options = { sampling, maxNewTokens: 20 };
  const decoder = new ContinuousDecoder(model, { slots: 3 * model.groupSize });
  const count = model.groupSize + 2;
  const ids = Array.from({ length: count }, (_, number) => decoder.add(randomSequence(number, 3), options));
  const taken = await decoder.run();
  expect([...taken.keys()]).toEqual(ids);
  for (const [number, id] of ids.entries()) {
    const alone = new ContinuousDecoder(model, { slots: 1 });
    alone.add(randomSequence(number, 3), options);
    expect([...(await alone.run()).values()]).toEqual([taken.get(id)]);
  }
  decoder.remove(ids[0]!);
  const next = decoder.add(randomSequence(count, 3), options);
  expect([...(await decoder.run()).keys()].indexOf(next)).toBe(model.groupSize - 1);
});

test('runs do not overlap', async () => {
  const decoder = new ContinuousDecoder(model, { slots: 1 });
  decoder.add(randomSequence(1, 3), { sampling, maxNewTokens: 1 });
  const first = decoder.run();
  await expect(decoder.run()).rejects.toThrow(/A run is under way/u);
  expect((await first).size).toBe(1);
});

test('no sequences are no texts, and what the breath throws ends the decoding', async () => {
  const decoder = new SharedDecoder(model);
  const breathe = () => Promise.reject(new Error('stopped'));
  expect(await decodedTokens(decoder, [], { maxNewTokens: 5, sampling, breathe })).toEqual([]);
  const stopped = decodedTokens(decoder, [randomSequence(1, 1)], { maxNewTokens: 5, sampling, breathe });
  await expect(stopped).rejects.toThrow('stopped');
});
