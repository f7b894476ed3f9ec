import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CharacterTokenizer } from '@glyphmill/data';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { completeTrainingConfig, modelManifest } from '../config/index.js';
import { TABLE } from '../kinds/bigram/bigram.js';
import { definitionOf } from '../kinds/definition-of.js';
import { train } from '../training/train.js';
import type { TrainedModel } from '../training/trained-model.js';
import { readSafetensors } from '../weights/safetensors.js';
import { weightNamed } from '../weights/weights.js';
import { exportModel } from './export-model.js';
import { exportedText } from './exported-text.fixture.js';
import type { ModelAbout } from './model-about.js';
import { checkParity, ParityError } from './parity.js';

const about: ModelAbout = {
  modelId: 'model_1',
  name: 'A *whale* of a\nmodel',
  job: 'job_1',
  dataset: { id: 'dataset_1', name: 'Moby | Dick', sha256: 'ab'.repeat(32) },
  threads: 2,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-export-'));
});
afterEach(() => rm(folder, { recursive: true }));

function trainBriefly(): Promise<TrainedModel> {
  const training = completeTrainingConfig('bigram', { maxSteps: 5, batchSize: 8, evalBatches: 1, evalInterval: 1 });
  const text = 'a “quoted” text,\r\n\twith ``` and an emoji 🐋. '.repeat(20);
  return train({ text, model: { kind: 'bigram', blockSize: 4 }, training });
}

const read = (file: string) => readFile(path.join(folder, file), 'utf8');
const readJson = async (file: string): Promise<unknown> => JSON.parse(await read(file));

test('a folder has the files of the design, and the manifest reports their sizes and hashes', async () => {
  const manifest = await exportModel(await trainBriefly(), folder, about);
  expect(modelManifest.parse(await readJson('manifest.json'))).toEqual(manifest);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  expect(files.sort()).toEqual([...manifest.files.map((file) => file.path), 'manifest.json'].sort());
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'config.json', 'metrics.jsonl', 'model.safetensors', 'onnx/model.onnx']),
  );
  for (const file of manifest.files) {
    const bytes = await readFile(path.join(folder, file.path));
    expect(file).toMatchObject({ sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
});

test('the manifest says what was trained, on what, and by what', async () => {
  const trained = await trainBriefly();
  const { model, training, trainLoss, validationLoss } = trained;
  const { vocabularySize } = trained.tokenizer;
  expect(await exportModel(trained, folder, about)).toMatchObject({
    formatVersion: 1,
    id: 'model_1',
    kind: 'bigram',
    name: about.name,
    job: 'job_1',
    dataset: about.dataset,
    model,
    training,
    seed: training.seed,
    vocabularySize,
    parameters: vocabularySize ** 2,
    trainLoss,
    validationLoss,
    threads: 2,
    versions: { node: process.versions.node, tfjs: '4.22.0', onnxruntime: '1.30.0' },
  });
});

test('weights, tokenizer and curve are read again as they were', async () => {
  const trained = await trainBriefly();
  await exportModel(trained, folder, about);
  expect(readSafetensors(await readFile(path.join(folder, 'model.safetensors')))).toEqual(trained.weights);
  const tokenizer = CharacterTokenizer.fromHuggingFace(await readJson('tokenizer.json'));
  expect(tokenizer.vocabulary).toEqual(trained.tokenizer.vocabulary);
  const curve = (await read('metrics.jsonl')).trimEnd().split('\n');
  expect(curve.map((line) => JSON.parse(line) as unknown)).toEqual(trained.metrics);
});

test("Hugging Face's files say the sizes and how to make text of tokens", async () => {
  const trained = await trainBriefly();
  await exportModel(trained, folder, about);
  expect(await readJson('config.json')).toEqual({
    model_type: 'glyphmill-bigram',
    vocab_size: trained.tokenizer.vocabularySize,
    block_size: 4,
  });
  expect(await readJson('tokenizer_config.json')).toMatchObject({
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
  });
  expect(await readJson('generation_config.json')).toMatchObject({ do_sample: true, eos_token_id: null });
});

test('the exported model writes what the training wrote last', async () => {
  const trained = await trainBriefly();
  await exportModel(trained, folder, about);
  expect(await exportedText(folder, trained.training.seed)).toEqual([
    expect.objectContaining({ text: trained.samples.at(-1)!.text, tokenCount: 200 }),
  ]);
});

test('the model card shows names, curve and sample as they are, whatever they hold', async () => {
  const trained = await trainBriefly();
  await exportModel(trained, folder, about);
  const card = await read('README.md');
  expect(card).toContain(String.raw`# A \*whale\* of a model`);
  expect(card).toContain(String.raw`“Moby \| Dick”`);
  expect(card).toContain(`| 5 | ${trained.trainLoss.toFixed(4)} | ${trained.validationLoss.toFixed(4)} |`);
  const sample = trained.samples.at(-1)!.text;
  const [, fence] = /^(`{3,})text\n/mu.exec(card)!;
  expect(card).toContain(`${fence}text\n${sample}\n${fence}\n`);
  expect(sample).not.toContain(fence);
});

test('a graph that computes something else is not published', async () => {
  const trained = await trainBriefly();
  const { shape, values } = weightNamed(trained.weights, TABLE);
  const changed = values.with(3, values[3]! + 1e-4);
  const onnx = definitionOf(trained.model).onnx(new Map([[TABLE, { shape, values: changed }]]));
  await expect(checkParity(trained, onnx)).rejects.toThrow(ParityError);
});

test('files that are already there are not overwritten', async () => {
  const trained = await trainBriefly();
  await exportModel(trained, folder, about);
  const before = await stat(path.join(folder, 'manifest.json'));
  await expect(exportModel(trained, folder, about)).rejects.toMatchObject({ code: 'EEXIST' });
  expect((await stat(path.join(folder, 'manifest.json'))).mtimeMs).toBe(before.mtimeMs);
});
