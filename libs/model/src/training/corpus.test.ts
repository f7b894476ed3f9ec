import { TextTooShortError } from '@glyphmill/data';
import { expect, test } from 'vitest';
import { completeTrainingConfig } from '../config/index.js';
import { Corpus } from './corpus.js';

const text = 'abcdefghij'.repeat(10);
const training = completeTrainingConfig('bigram', { batchSize: 3, evalBatches: 4, validationFraction: 0.2 });
const model = { kind: 'bigram', blockSize: 5 } as const;

test('whole batches have each token of the split but the first as a target, once and in order', () => {
  const corpus = new Corpus(text, model, training);
  for (const [split, expected] of [
    ['train', text.slice(0, 80)],
    ['validation', text.slice(80)],
  ] as const) {
    const batches = [...corpus.wholeBatches(split)];
    const targets = batches.map((batch) => corpus.tokenizer.decode(batch.targets)).join('');
    const inputs = batches.map((batch) => corpus.tokenizer.decode(batch.inputs)).join('');
    expect(targets).toBe(expected.slice(1));
    expect(inputs).toBe(expected.slice(0, -1));
  }
});

test('an evaluation takes the same batches each time, and others than training does', () => {
  const corpus = new Corpus(text, model, training);
  const first = [...corpus.evaluationBatches('train')];
  expect(first).toHaveLength(4);
  expect([...corpus.evaluationBatches('train')]).toEqual(first);
  expect(corpus.sampler().next()).not.toEqual(first[0]);
});

test('a split that is no longer than the block is an error that says so', () => {
  expect(() => new Corpus(text, { kind: 'bigram', blockSize: 20 }, training)).toThrow(TextTooShortError);
});
