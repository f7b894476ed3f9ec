import { expect, test } from 'vitest';
import { decodedTokens } from './decoded-tokens.js';
import type { NewTokens } from './decoder.js';
import { startSequence } from './sequence.js';
import { TableDecoder } from './table-decoder.js';
import { WindowDecoder, type LogitsFunction } from './window-decoder.js';

const VOCABULARY = 5;
const yieldToEventLoop = () => Promise.resolve();
const greedy = { temperature: 0, topK: 0, topP: 1 };
const random = { temperature: 1, topK: 0, topP: 1 };

/** A bigram's table: the logits of all pairs. */
const table = Float32Array.from({ length: VOCABULARY ** 2 }, (_, pair) => Math.sin(pair * 7));

/** The same model as a forward pass. */
const logitsOf =
  (table: Float32Array): LogitsFunction =>
  (ids) => {
    const logits = new Float32Array(ids.length * VOCABULARY);
    for (const [at, id] of ids.entries()) {
      logits.set(table.subarray(id * VOCABULARY, (id + 1) * VOCABULARY), at * VOCABULARY);
    }
    return logits;
  };
const tableLogits = logitsOf(table);

/** A causal model that is sure of the sum of all tokens up to each place. */
const sumLogits: LogitsFunction = (ids, rows, columns) => {
  const logits = new Float32Array(ids.length * VOCABULARY);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let column = 0; column < columns; column += 1) {
      sum += ids[row * columns + column]!;
      logits[(row * columns + column) * VOCABULARY + (sum % VOCABULARY)] = 9;
    }
  }
  return logits;
};

const sequence = (context: number[], sampleIndex = 0) =>
  startSequence(Int32Array.from(context), { seed: 1, promptIndex: 0, sampleIndex });

test('the window decoder continues from the tokens of the window only', async () => {
  const decoder = new WindowDecoder(sumLogits, { vocabularySize: VOCABULARY, blockSize: 2 });
  const [tokens] = await decodedTokens(decoder, [sequence([4, 1, 1])], {
    maxNewTokens: 5,
    sampling: greedy,
    yieldToEventLoop,
  });
  // 1+1 = 2, 1+2 = 3, 2+3 = 0, 3+0 = 3, 0+3 = 3
  expect([...tokens!]).toEqual([2, 3, 0, 3, 3]);
});

test('sequences of unequal length are decoded together as they are alone', async () => {
  const decoder = new WindowDecoder(sumLogits, { vocabularySize: VOCABULARY, blockSize: 4 });
  const contexts = [[1], [1, 2, 3], [4, 4]];
  const options = { maxNewTokens: 6, sampling: random, yieldToEventLoop };
  const together = await decodedTokens(
    decoder,
    contexts.map((context, index) => sequence(context, index)),
    options,
  );
  for (const [index, context] of contexts.entries()) {
    const [alone] = await decodedTokens(decoder, [sequence(context, index)], options);
    expect([...together[index]!]).toEqual([...alone!]);
  }
});

test('a table is decoded as the model whose logits it holds', async () => {
  const options = { maxNewTokens: 100, sampling: random, yieldToEventLoop };
  const byTable = await decodedTokens(new TableDecoder(table, VOCABULARY), [sequence([3])], options);
  const window = { vocabularySize: VOCABULARY, blockSize: 8 };
  expect(byTable).toEqual(await decodedTokens(new WindowDecoder(tableLogits, window), [sequence([3])], options));
});

test('a repetition penalty sees the whole prompt and all new tokens, by a table too', async () => {
  const never = { ...greedy, repetitionPenalty: 100 };
  const table = Float32Array.from({ length: VOCABULARY ** 2 }, (_, pair) => 10 + (pair % VOCABULARY));
  const options = { maxNewTokens: 3, sampling: never, yieldToEventLoop };
  const decoders = [
    new TableDecoder(table, VOCABULARY),
    new WindowDecoder(logitsOf(table), { vocabularySize: VOCABULARY, blockSize: 1 }),
  ];
  for (const decoder of decoders) {
    const [tokens] = await decodedTokens(decoder, [sequence([3, 1])], options);
    expect([...tokens!]).toEqual([4, 2, 0]);
  }
});

test('with a repetition penalty a table is decoded as the model whose logits it holds', async () => {
  const options = { maxNewTokens: 100, sampling: { ...random, repetitionPenalty: 1.7 }, yieldToEventLoop };
  const byTable = await decodedTokens(new TableDecoder(table, VOCABULARY), [sequence([3])], options);
  const window = { vocabularySize: VOCABULARY, blockSize: 8 };
  expect(byTable).toEqual(await decodedTokens(new WindowDecoder(tableLogits, window), [sequence([3])], options));
});

test('rows made for other rules are not used', async () => {
  const decoder = new TableDecoder(table, VOCABULARY);
  await decodedTokens(decoder, [sequence([3])], { maxNewTokens: 50, sampling: random, yieldToEventLoop });
  const [tokens] = await decodedTokens(decoder, [sequence([3])], {
    maxNewTokens: 1,
    sampling: greedy,
    yieldToEventLoop,
  });
  const row = [...table.subarray(3 * VOCABULARY, 4 * VOCABULARY)];
  expect(tokens![0]).toBe(row.indexOf(Math.max(...row)));
});

test('tokens follow each other as often as the table says', async () => {
  const fair = new Float32Array([Math.log(3), 0, Math.log(3), 0]); // after either token: ¾, ¼
  const options = { maxNewTokens: 20_000, sampling: random, yieldToEventLoop };
  const [tokens] = await decodedTokens(new TableDecoder(fair, 2), [sequence([0])], options);
  const share = tokens!.filter((token) => token === 1).length / tokens!.length;
  expect(share).toBeCloseTo(0.25, 1.5);
});

test('an empty prompt continues from the first token of the vocabulary', () => {
  expect([...sequence([]).context]).toEqual([0]);
});

test('each sample of each prompt has random numbers of its own', () => {
  const places = [
    { seed: 1, promptIndex: 0, sampleIndex: 0 },
    { seed: 2, promptIndex: 0, sampleIndex: 0 },
    { seed: 1, promptIndex: 1, sampleIndex: 0 },
    { seed: 1, promptIndex: 0, sampleIndex: 1 },
  ];
  const first = places.map((place) => startSequence(Int32Array.of(0), place).random.nextFloat());
  expect(new Set(first).size).toBe(places.length);
});

test('an error thrown while it yields ends the decoding', async () => {
  const stop = () => Promise.reject(new Error('stopped'));
  const options = { maxNewTokens: 1, sampling: greedy, yieldToEventLoop: stop };
  await expect(decodedTokens(new TableDecoder(table, VOCABULARY), [sequence([0])], options)).rejects.toThrow('stopped');
});

test.each(['table', 'window'])(
  'a sequence of the %s decoder that is told to end gets nothing more, and others continue',
  async (kind) => {
    const window = { vocabularySize: VOCABULARY, blockSize: 8 };
    const decoder = kind === 'table' ? new TableDecoder(table, VOCABULARY) : new WindowDecoder(tableLogits, window);
    const seen = [0, 0];
    const finished = [false, false];
    await decoder.decode([sequence([1], 0), sequence([1], 1)], {
      maxNewTokens: 600,
      sampling: random,
      yieldToEventLoop,
      onTokens: (index, tokens) => {
        seen[index]! += tokens.tokens.length;
        finished[index] = tokens.finished;
        return index === 1;
      },
    });
    expect(seen[0]).toBeLessThan(600);
    expect(seen[1]).toBe(600);
    expect(finished).toEqual([false, true]);
  },
);

test.each(['table', 'window'])('the %s decoder reports the logits that tokens were drawn from', async (kind) => {
  const window = { vocabularySize: VOCABULARY, blockSize: 8 };
  const decoder = kind === 'table' ? new TableDecoder(table, VOCABULARY) : new WindowDecoder(tableLogits, window);
  const text = [3];
  const drawnFrom: Float32Array[] = [];
  const onTokens = ({ tokens, logits }: NewTokens) => {
    text.push(...tokens);
    for (let at = 0; at < tokens.length; at += 1)
      drawnFrom.push(logits.subarray(at * VOCABULARY, (at + 1) * VOCABULARY));
    return true;
  };
  const options = { maxNewTokens: 300, sampling: random, withLogits: true, yieldToEventLoop };
  await decoder.decode([sequence([3])], { ...options, onTokens: (_, tokens) => onTokens(tokens) });
  const expected = text.slice(0, -1).map((token) => table.subarray(token * VOCABULARY, (token + 1) * VOCABULARY));
  expect(drawnFrom).toEqual(expected);
});
