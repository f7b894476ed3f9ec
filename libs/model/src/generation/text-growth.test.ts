import { CharacterTokenizer } from '@glyphmill/data';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingText } from './growing-text.js';
import { GrowthReport, type TextGrowth } from './text-growth.js';

const tokenizer = CharacterTokenizer.fromText('abc🐳');

/** What is told about a text whose tokens come so many at once, up to its end. */
function toldOf(text: string, stop: readonly string[], together: number) {
  const growing = new GrowingText(tokenizer, stop);
  const told: TextGrowth[] = [];
  const report = new GrowthReport({ promptIndex: 3, sampleIndex: 1 }, growing, (growth) => told.push(growth));
  const tokens = tokenizer.encode(text);
  for (let at = 0; at < tokens.length; at += together) {
    const goesOn = growing.append(tokens.subarray(at, at + together));
    report.tell(at + together >= tokens.length);
    if (!goesOn) break;
  }
  return { told, line: growing };
}

test('a piece tells its place, where it starts, and how many tokens there are so far', () => {
  expect(toldOf('a🐳b', [], 2).told).toEqual([
    { promptIndex: 3, sampleIndex: 1, start: 0, text: 'a🐳', tokenCount: 2, finishReason: undefined },
    { promptIndex: 3, sampleIndex: 1, start: 3, text: 'b', tokenCount: 3, finishReason: 'length' },
  ]);
});

test('what may become a stop string is reported once it cannot, or at the end', () => {
  expect(toldOf('abac', ['abc', 'cc'], 1).told.map(({ text }) => text)).toEqual(['ab', 'ac']);
  expect(toldOf('ab', ['bc'], 1).told.map(({ text }) => text)).toEqual(['a', 'b']);
});

test('of a stop string nothing is reported, and the last piece says that it ended the text', () => {
  const { told } = toldOf('abca', ['bc'], 1);
  expect(told.map(({ text }) => text)).toEqual(['a', '']);
  expect(told.at(-1)).toMatchObject({ finishReason: 'stop', tokenCount: 3 });
});

test('the pieces are the text, and only the last one has a reason, however many tokens come at once', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '🐳'), minLength: 1, maxLength: 30 });
  const stop = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '🐳'), minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(text, stop, fc.integer({ min: 1, max: 5 }), (written, stops, together) => {
      const { told, line } = toldOf(written, stops, together);
      expect(told.map((growth) => growth.text).join('')).toBe(line.text);
      const starts = told.map((_, index) => told.slice(0, index).reduce((sum, each) => sum + each.text.length, 0));
      expect(told.map(({ start }) => start)).toEqual(starts);
      const ended = told.flatMap(({ finishReason }, index) => (finishReason === undefined ? [] : [index]));
      expect(ended).toEqual([told.length - 1]);
      expect(told.at(-1)?.tokenCount).toBe(line.tokenCount);
    }),
  );
});
