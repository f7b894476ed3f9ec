import { expect, test } from 'vitest';
import {
  Greedy,
  logitsProcessors,
  RepetitionPenalty,
  Temperature,
  TopK,
  TopP,
  type LogitsProcessor,
} from './logits-processor.js';

const out = -Infinity;

function processed(processor: LogitsProcessor, logits: number[]): number[] {
  const values = Float64Array.from(logits);
  processor.process(values);
  return [...values];
}

/** Logits whose softmax is exactly these probabilities. */
const logsOf = (probabilities: number[]) => probabilities.map((probability) => Math.log(probability));
const kept = (logits: number[]) => logits.flatMap((logit, id) => (logit === out ? [] : [id]));

test('greedy leaves the likeliest token, and the first of two that are equal', () => {
  expect(processed(new Greedy(), [1, 5, 5, 2])).toEqual([out, 5, out, out]);
});

test('the repetition penalty makes seen tokens less likely, whether their logits are positive or negative', () => {
  const penalty = new RepetitionPenalty(2, Uint8Array.of(1, 0, 1, 0));
  expect(processed(penalty, [4, 4, -4, -4])).toEqual([2, 4, -8, -4]);
});

test('the repetition penalty comes before all other rules, greedy too', () => {
  const seen = Uint8Array.of(1, 0);
  const rules = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 3 };
  expect(logitsProcessors(rules, seen)).toEqual([new RepetitionPenalty(3, seen), new Greedy()]);
  expect(logitsProcessors({ ...rules, temperature: 2 }, seen)[0]).toEqual(new RepetitionPenalty(3, seen));
  expect(logitsProcessors({ ...rules, repetitionPenalty: 1 })).toEqual([new Greedy()]);
});

test('temperature divides the distances between logits', () => {
  expect(processed(new Temperature(2), [0, 4, 8])).toEqual([-4, -2, 0]);
});

test('the smallest temperature leaves the likeliest token possible and makes no NaN', () => {
  expect(processed(new Temperature(Number.MIN_VALUE), [1, 3, 2])).toEqual([out, 0, out]);
});

test('top-k leaves the k likeliest tokens', () => {
  expect(processed(new TopK(2), [3, 1, 4, 2])).toEqual([3, out, 4, out]);
});

test('top-k leaves a token that is as likely as the last of the k', () => {
  expect(kept(processed(new TopK(2), [3, 3, 4, 2]))).toEqual([0, 1, 2]);
});

test('top-k of more than all tokens leaves all', () => {
  expect(processed(new TopK(9), [3, 1])).toEqual([3, 1]);
});

test('top-p leaves the smallest set that has this much probability', () => {
  const logits = logsOf([0.125, 0.5, 0.25, 0.125]);
  expect(kept(processed(new TopP(0.4), logits))).toEqual([1]);
  expect(kept(processed(new TopP(0.7), logits))).toEqual([1, 2]);
  expect(kept(processed(new TopP(0.8), logits))).toEqual([0, 1, 2]);
});

test('top-p leaves the likeliest token however small p is', () => {
  expect(kept(processed(new TopP(1e-9), logsOf([0.4, 0.6])))).toEqual([1]);
});

test('top-p after top-k counts the probability that is left', () => {
  const logits = processed(new TopK(2), logsOf([0.4, 0.2, 0.2, 0.2].map((p, id) => p + id * 1e-3)));
  expect(kept(processed(new TopP(0.5), logits))).toEqual([0]);
});

test('a configuration that changes nothing has no rules, and temperature 0 is greedy alone', () => {
  expect(logitsProcessors({ temperature: 1, topK: 0, topP: 1 })).toEqual([]);
  expect(logitsProcessors({ temperature: 0, topK: 5, topP: 0.5 })).toEqual([new Greedy()]);
  expect(logitsProcessors({ temperature: 2, topK: 5, topP: 0.5 })).toEqual([
    new Temperature(2),
    new TopK(5),
    new TopP(0.5),
  ]);
});
