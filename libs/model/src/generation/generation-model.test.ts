import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CharacterTokenizer } from '@glyphmill/data';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { samplingConfig, type ModelManifest, type OutputLine, type SamplingConfig } from '../config/index.js';
import { FolderFiles } from '../export/folder-files.js';
import { randomModel, VOCABULARY } from '../decoding/decoding-model.fixture.js';
import { bigramOnnx, TABLE } from '../kinds/bigram/bigram.js';
import { definitionOf } from '../kinds/definition-of.js';
import { GenerationModel, type GenerationTask } from './generation-model.js';
import { manifestOf } from './manifest.fixture.js';
import { ModelFolderError } from './model-folder-error.js';
import { checkGraph } from './model-sizes.js';
import type { TextGrowth } from './text-growth.js';

const tokenizer = CharacterTokenizer.fromText('abcde\n');
const V = tokenizer.vocabularySize;

/** After each character the next one of the vocabulary is by far the likeliest. */
const values = Float32Array.from({ length: V * V }, (_, pair) => (pair % V === (Math.floor(pair / V) + 1) % V ? 3 : 0));

async function writeModel(folder: string, change: Partial<ModelManifest> = {}): Promise<void> {
  const files = new FolderFiles(folder);
  await files.writeJson('tokenizer.json', tokenizer.toHuggingFace());
  await files.write('onnx/model.onnx', bigramOnnx(new Map([[TABLE, { shape: [V, V], values }]])));
  const manifest = manifestOf({ kind: 'bigram', blockSize: 8 }, V, files.written);
  await files.writeJson('manifest.json', { ...manifest, ...change });
}

const newFolder = () => mkdtemp(path.join(tmpdir(), 'glyphmill-generation-'));

let model: GenerationModel;
beforeAll(async () => {
  const folder = await newFolder();
  await writeModel(folder);
  model = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
  await rm(folder, { recursive: true });
});
afterAll(() => model.close());

async function linesOf(
  prompts: GenerationTask['prompts'],
  sampling: Partial<SamplingConfig> = {},
): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  await model.generate({
    prompts,
    sampling: samplingConfig.parse({ maxNewTokens: 20, ...sampling }),
    onSequence: (line) => void lines.push(line),
  });
  return lines;
}

test('a line tells its place, its prompt, and the new text alone', async () => {
  const lines = await linesOf([{ promptIndex: 7, text: 'ab' }], { temperature: 0, maxNewTokens: 5, seed: 9 });
  expect(lines).toEqual([
    {
      promptIndex: 7,
      sampleIndex: 0,
      prompt: 'ab',
      text: 'cde\na',
      tokenCount: 5,
      finishReason: 'length',
      seed: 9,
    },
  ]);
});

test('the pieces that are reported while a text grows are the text of its line', async () => {
  const pieces: TextGrowth[] = [];
  const lines: OutputLine[] = [];
  await model.generate({
    prompts: [
      { promptIndex: 4, text: 'a' },
      { promptIndex: 5, text: '!' },
    ],
    sampling: samplingConfig.parse({ maxNewTokens: 600, samples: 2, stop: ['ddd'], seed: 3 }),
    onSequence: (line) => void lines.push(line),
    onText: (growth) => void pieces.push(growth),
  });
  const told = ({ promptIndex, sampleIndex }: OutputLine) =>
    pieces.filter((piece) => piece.promptIndex === promptIndex && piece.sampleIndex === sampleIndex);
  const [first, second, ...unknown] = lines;
  for (const line of [first!, second!]) {
    const own = told(line);
    const { tokenCount, finishReason } = own.at(-1)!;
    expect(line).toMatchObject({ text: own.map(({ text }) => text).join(''), tokenCount, finishReason });
  }
  expect(unknown.map((line) => [line.promptIndex, told(line)])).toEqual([
    [5, []],
    [5, []],
  ]);
});

test('an empty prompt continues from the first character of the vocabulary', async () => {
  const [line] = await linesOf([{ promptIndex: 0, text: '' }], { temperature: 0, maxNewTokens: 3 });
  expect(line).toMatchObject({ prompt: '', text: 'abc' });
});

test('a text depends on its seed and place, not on what else is generated', async () => {
  const all = await linesOf(
    ['a', 'b', 'a', ''].map((text, promptIndex) => ({ promptIndex, text })),
    { samples: 3, seed: 5 },
  );
  expect(all.map((line) => [line.promptIndex, line.sampleIndex])).toEqual(
    [0, 1, 2, 3].flatMap((prompt) => [0, 1, 2].map((sample) => [prompt, sample])),
  );
  expect(await linesOf([{ promptIndex: 2, text: 'a' }], { samples: 3, seed: 5 })).toEqual(all.slice(6, 9));
  const texts = all.map((line) => 'text' in line && line.text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(await linesOf([{ promptIndex: 2, text: 'a' }], { samples: 3, seed: 6 })).not.toEqual(all.slice(6, 9));
});

test('top-k of 1 is greedy', async () => {
  const [line] = await linesOf([{ promptIndex: 0, text: 'a' }], { topK: 1, maxNewTokens: 6 });
  expect(line).toMatchObject({ text: 'bcde\na' });
});

test('a text ends before a stop string, and the counts are of the tokens that were drawn', async () => {
  const prompts = ['a', 'd'].map((text, promptIndex) => ({ promptIndex, text }));
  const sampling = { temperature: 0, stop: ['ea', 'bc'], maxNewTokens: 4 };
  const [stopped, whole] = await linesOf(prompts, sampling);
  expect(stopped).toMatchObject({ text: '', tokenCount: 2, finishReason: 'stop' });
  expect(whole).toMatchObject({ text: 'e\nab', tokenCount: 4, finishReason: 'length' });
  const parsed = samplingConfig.parse(sampling);
  const counts = await model.generate({ prompts, sampling: parsed, onSequence: () => undefined });
  expect(counts).toEqual({ done: 2, failed: 0, tokens: 6 });
});

test('log probabilities are those before all rules, of the tokens of the text', async () => {
  const sampling = { temperature: 0, logprobs: 1, stop: ['e'] };
  const [line] = await linesOf([{ promptIndex: 0, text: 'b' }], sampling);
  const likely = expect.closeTo(3 - Math.log(Math.exp(3) + V - 1), 6);
  expect(line).toMatchObject({
    text: 'cd',
    logprobs: { tokens: ['c', 'd'], tokenLogprobs: [likely, likely], topLogprobs: [{ c: likely }, { d: likely }] },
  });
  const [without] = await linesOf([{ promptIndex: 0, text: 'b' }]);
  expect(without).not.toHaveProperty('logprobs');
});

test('a prompt with an unknown character is an error in each of its lines, and the others are done', async () => {
  const prompts = ['a', 'abz', 'b'].map((text, promptIndex) => ({ promptIndex, text }));
  const lines = await linesOf(prompts, { samples: 2, maxNewTokens: 1 });
  expect(lines.map((line) => ('error' in line ? line.error.code : line.finishReason))).toEqual([
    'length',
    'length',
    'unknown_character',
    'unknown_character',
    'length',
    'length',
  ]);
  expect(lines[2]).toEqual({
    promptIndex: 1,
    sampleIndex: 0,
    prompt: 'abz',
    error: { code: 'unknown_character', message: expect.stringMatching(/“z” \(U\+007A\) at position 2/u) },
  });
});

test('the counts at the end are of lines and tokens', async () => {
  const reported: unknown[] = [];
  const counts = await model.generate({
    prompts: [
      { promptIndex: 0, text: 'a' },
      { promptIndex: 1, text: 'z' },
    ],
    sampling: samplingConfig.parse({ samples: 2, maxNewTokens: 10 }),
    onSequence: () => undefined,
    onProgress: (progress) => reported.push(progress),
  });
  expect(counts).toEqual({ done: 2, failed: 2, tokens: 20 });
  expect(reported.at(-1)).toEqual(counts);
});

test('the next line waits for what is done with the one before', async () => {
  let busy = 0;
  let most = 0;
  await model.generate({
    prompts: [{ promptIndex: 0, text: 'a' }],
    sampling: samplingConfig.parse({ samples: 5, maxNewTokens: 1 }),
    onSequence: async () => {
      most = Math.max(most, (busy += 1));
      await new Promise(setImmediate);
      busy -= 1;
    },
  });
  expect(most).toBe(1);
});

test('a timer can end a generation, for the event loop has its turns', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 1);
  const generation = model.generate({
    prompts: [{ promptIndex: 0, text: 'a' }],
    sampling: { ...samplingConfig.parse({ samples: 1000, maxNewTokens: 100_000 }), samples: 1_000_000 },
    signal: controller.signal,
    onSequence: () => undefined,
  });
  await expect(generation).rejects.toThrow('enough');
});

test('generation loads no TensorFlow', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  expect(loaded.some((file) => file.includes('onnxruntime-node'))).toBe(true);
  expect(loaded.filter((file) => file.includes('@tensorflow'))).toEqual([]);
});

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const opened = () => GenerationModel.open(folder, { device: 'cpu' });

test('a folder without a manifest is no model', async () => {
  await expect(opened()).rejects.toThrow(ModelFolderError);
  await expect(opened()).rejects.toThrow(/manifest\.json cannot be read/u);
});

test('a folder of another format version is refused by its number', async () => {
  await writeModel(folder, { formatVersion: 2 as 1 });
  await expect(opened()).rejects.toThrow(/format is version 2; this version of Glyphmill reads 1/u);
});

test('a manifest that lacks something is refused by what it lacks', async () => {
  await writeModel(folder, { vocabularySize: 0 });
  await expect(opened()).rejects.toThrow(/vocabularySize/u);
});

test.each([
  [{ vocabularySize: 2 ** 53 - 1 }, /vocabularySize/u],
  [{ vocabularySize: V + 1 }, new RegExp(`vocabularySize ${V + 1}, and tokenizer\\.json has ${V} tokens`, 'u')],
  [{ model: { kind: 'bigram' as const, blockSize: 2 ** 53 - 1 } }, /blockSize/u],
])("a manifest with sizes that are not the model's, %j, is refused before they are used", async (change, reason) => {
  await writeModel(folder, change);
  await expect(opened()).rejects.toThrow(ModelFolderError);
  await expect(opened()).rejects.toThrow(reason);
});

test('a graph whose tables have other sizes than the manifest says is refused', async () => {
  const { model: gpt, weights } = randomModel({ kind: 'gpt', nLayer: 1, nHead: 1, nEmbd: 4, blockSize: 8 });
  const graph = definitionOf(gpt).onnx(weights);
  const manifest = (blockSize: number, vocabularySize = VOCABULARY) => ({
    vocabularySize,
    model: { ...gpt, blockSize },
  });
  expect(() => checkGraph(manifest(8), graph)).not.toThrow();
  expect(() => checkGraph(manifest(9), graph)).toThrow(/blockSize 9, and transformer\.wpe\.weight .* has 8 rows/u);
  expect(() => checkGraph(manifest(8, 30), graph)).toThrow(/vocabularySize 30, and transformer\.wte\.weight/u);
  expect(() => checkGraph(manifest(8), Buffer.from('no graph'))).toThrow(ModelFolderError);
});

test('a file that was changed is refused by its name', async () => {
  await writeModel(folder);
  const file = path.join(folder, 'onnx', 'model.onnx');
  const bytes = await readFile(file);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(file, bytes);
  await expect(opened()).rejects.toThrow(/onnx\/model\.onnx is damaged/u);
});
