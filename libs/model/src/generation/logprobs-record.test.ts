import { CharacterTokenizer } from '@glyphmill/data';
import { expect, test } from 'vitest';
import { LogprobsRecord } from './logprobs-record.js';

const tokenizer = CharacterTokenizer.fromText('abcd');

/** Logits, moved by 7, whose softmax is exactly these probabilities. */
const logitsOf = (...probabilities: number[]) => probabilities.map((probability) => 7 + Math.log(probability));

test('of each token of the text, and of the likeliest, the logarithm of the probability is reported', () => {
  const record = new LogprobsRecord(tokenizer, 2);
  const logits = Float32Array.from([...logitsOf(0.5, 0.25, 0.125, 0.125), ...logitsOf(0.125, 0.125, 0.25, 0.5)]);
  record.append({ tokens: tokenizer.encode('bb'), logits, finished: false });
  const { tokens, tokenLogprobs, topLogprobs } = record.of('bb');
  expect(tokens).toEqual(['b', 'b']);
  const near = (probability: number) => expect.closeTo(Math.log(probability), 6);
  expect(tokenLogprobs).toEqual([near(0.25), near(0.125)]);
  expect(topLogprobs).toEqual([
    { a: near(0.5), b: near(0.25) },
    { d: near(0.5), c: near(0.25), b: near(0.125) }, // the drawn one is always there
  ]);
});

test('of equally likely tokens the first of the vocabulary is reported', () => {
  const record = new LogprobsRecord(tokenizer, 2);
  record.append({ tokens: tokenizer.encode('a'), logits: Float32Array.of(0, 1, 1, 1), finished: true });
  expect(Object.keys(record.of('a').topLogprobs[0]!)).toEqual(['b', 'c', 'a']);
});

test('what a stop string took from the text is not told about', () => {
  const record = new LogprobsRecord(tokenizer, 1);
  record.append({ tokens: tokenizer.encode('abc'), logits: new Float32Array(12), finished: false });
  expect(record.of('a')).toMatchObject({ tokens: ['a'], tokenLogprobs: [Math.log(1 / 4)] });
  expect(record.of('')).toEqual({ tokens: [], tokenLogprobs: [], topLogprobs: [] });
});

test('huge logits have finite logarithms', () => {
  const record = new LogprobsRecord(tokenizer, 1);
  record.append({ tokens: tokenizer.encode('b'), logits: Float32Array.of(3e38, -3e38, 0, 0), finished: false });
  expect(record.of('b').tokenLogprobs[0]).toBeCloseTo(-6e38, -33);
});
