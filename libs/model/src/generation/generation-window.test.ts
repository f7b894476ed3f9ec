import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CharacterTokenizer } from '@glyphmill/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GeneratedLine, samplingConfig, type SamplingConfig } from '../config/index.js';
import { randomModel, VOCABULARY } from '../decoding/decoding-model.fixture.js';
import { FolderFiles } from '../export/folder-files.js';
import { definitionOf } from '../kinds/definition-of.js';
import { GenerationModel } from './generation-model.js';
import { manifestOf } from './manifest.fixture.js';

const BLOCK = 16;
const letters = String.fromCodePoint(...Array.from({ length: VOCABULARY }, (_, id) => 65 + id));

/** A gpt's folder as it is written now, and one of a version that wrote no decoding graph. */
let whole: GenerationModel;
let earlier: GenerationModel;
beforeAll(async () => {
  const { model, weights } = randomModel({ kind: 'gpt', nEmbd: 16, nHead: 2, nLayer: 1, blockSize: BLOCK });
  const open = async (withDecoding: boolean) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-window-'));
    const files = new FolderFiles(folder);
    await files.writeJson('tokenizer.json', CharacterTokenizer.fromText(letters).toHuggingFace());
    await files.write('onnx/model.onnx', definitionOf(model).onnx(weights));
    if (withDecoding) await files.write('onnx/decoding.onnx', definitionOf(model).decodingOnnx(weights)!);
    await files.writeJson('manifest.json', manifestOf(model, VOCABULARY, files.written));
    const opened = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
    await rm(folder, { recursive: true });
    return opened;
  };
  [whole, earlier] = [await open(true), await open(false)];
});
afterAll(async () => {
  await whole.close();
  await earlier.close();
});

type Asked = Partial<SamplingConfig> & { prompts?: string[] };

async function linesOf(
  model: GenerationModel,
  { prompts = ['A', 'HELLO', ''], ...sampling }: Asked,
): Promise<GeneratedLine[]> {
  const lines: GeneratedLine[] = [];
  await model.generate({
    prompts: prompts.map((text, promptIndex) => ({ promptIndex, text })),
    sampling: samplingConfig.parse(sampling),
    onSequence: (line) => void ('text' in line && lines.push(line)),
  });
  return lines;
}

async function textsOf(model: GenerationModel, asked: Asked): Promise<string[]> {
  return (await linesOf(model, asked)).map(({ text }) => text);
}

test('a folder without a decoding graph writes by the sliding window, whichever was asked for', async () => {
  const sampling = { maxNewTokens: 3 * BLOCK, samples: 2 };
  const texts = await textsOf(earlier, sampling);
  expect(await textsOf(earlier, { ...sampling, window: 'sliding' })).toEqual(texts);
  expect(await textsOf(whole, { ...sampling, window: 'sliding' })).toEqual(texts);
});

test('the windows differ only beyond the block', async () => {
  const within = { temperature: 0, maxNewTokens: BLOCK - 4 };
  expect(await textsOf(whole, within)).toEqual(await textsOf(whole, { ...within, window: 'sliding' }));
  const beyond = { temperature: 0.8, maxNewTokens: 4 * BLOCK };
  expect(await textsOf(whole, beyond)).not.toEqual(await textsOf(whole, { ...beyond, window: 'sliding' }));
});

test('a repetition penalty changes texts, in the same way in both windows', async () => {
  const within = { temperature: 0, repetitionPenalty: 1.3, maxNewTokens: BLOCK - 4 };
  const texts = await textsOf(whole, within);
  expect(await textsOf(whole, { ...within, window: 'sliding' })).toEqual(texts);
  expect(await textsOf(whole, { ...within, repetitionPenalty: 1 })).not.toEqual(texts);
});

test('a text that continues from a text is the same text, for greedy needs no random numbers', async () => {
  const [whole1] = await textsOf(whole, { temperature: 0, maxNewTokens: 60, prompts: ['HELLO'] });
  for (const cut of [1, BLOCK - 5, BLOCK, 37]) {
    const prompt = `HELLO${whole1!.slice(0, cut)}`;
    const [rest] = await textsOf(whole, { temperature: 0, maxNewTokens: 60 - cut, prompts: [prompt] });
    expect(rest).toBe(whole1!.slice(cut));
  }
});

test('more samples than one batch are each what they are in a job of fewer', async () => {
  const many = await textsOf(whole, { maxNewTokens: 20, samples: 60, prompts: ['AB'] });
  expect(new Set(many).size).toBeGreaterThan(50);
  expect(await textsOf(whole, { maxNewTokens: 20, samples: 5, prompts: ['AB'] })).toEqual(many.slice(0, 5));
});

test('a stop string ends a text where the whole text has it first, wherever chunks of tokens end', async () => {
  const whole1 = await textsOf(whole, { maxNewTokens: 60, samples: 9 });
  const stop = [whole1[0]!.slice(14, 18), whole1[1]!.slice(30, 33), 'AB'];
  const lines = await linesOf(whole, { maxNewTokens: 60, samples: 9, stop });
  for (const [at, { text, tokenCount, finishReason }] of lines.entries()) {
    const ends = stop.flatMap((one) => (whole1[at]!.includes(one) ? [whole1[at]!.indexOf(one) + one.length] : []));
    expect(finishReason).toBe(ends.length > 0 ? 'stop' : 'length');
    expect(tokenCount).toBe(Math.min(60, ...ends));
    expect(whole1[at]!.startsWith(text)).toBe(true);
    expect(stop.filter((one) => text.includes(one))).toEqual([]);
  }
  expect(lines.filter(({ finishReason }) => finishReason === 'stop').length).toBeGreaterThan(1);
});

test('log probabilities are the same numbers alone and among others, and change no text', async () => {
  const asked = { maxNewTokens: 40, samples: 30, topK: 5, prompts: ['AB'] };
  const many = await linesOf(whole, { ...asked, logprobs: 3 });
  expect(await linesOf(whole, { ...asked, samples: 2, logprobs: 3 })).toEqual(many.slice(0, 2));
  expect(await textsOf(whole, asked)).toEqual(many.map(({ text }) => text));
  const { tokens, tokenLogprobs, topLogprobs } = many[7]!.logprobs!;
  expect(tokens.join('')).toBe(many[7]!.text);
  for (const [at, top] of topLogprobs.entries()) {
    expect(top[tokens[at]!]).toBe(tokenLogprobs[at]);
    expect(Object.values(top).reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeLessThan(1);
  }
});
