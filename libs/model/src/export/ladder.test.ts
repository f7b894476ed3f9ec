import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { completeTrainingConfig, modelConfig } from '../config/index.js';
import { train } from '../training/train.js';
import type { TrainedModel } from '../training/trained-model.js';
import { readSafetensors } from '../weights/safetensors.js';
import { exportModel } from './export-model.js';
import { exportedText } from './exported-text.fixture.js';
import type { ModelAbout } from './model-about.js';

const about: ModelAbout = {
  modelId: 'model_1',
  name: 'A ladder',
  job: 'job_1',
  dataset: { id: 'dataset_1', name: 'A cat', sha256: 'ab'.repeat(32) },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-ladder-'));
});
afterEach(() => rm(folder, { recursive: true }));

function trainBriefly(given: object): Promise<TrainedModel> {
  const model = modelConfig.parse({ nEmbd: 16, blockSize: 8, ...given });
  const brief = { maxSteps: 200, batchSize: 8, evalBatches: 1, learningRate: 0.01, warmupSteps: 10 };
  const text = 'the cat sat on the mat and the rat ate the hat.\n'.repeat(30);
  return train({ text, model, training: completeTrainingConfig(model.kind, brief) });
}

const readJson = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(path.join(folder, file), 'utf8')) as unknown;

test.each([
  { kind: 'averaging', dropout: 0.1 },
  { kind: 'attention' },
  { kind: 'multi-head' },
  { kind: 'gpt', nLayer: 2, dropout: 0.1 },
])('the folder of a trained $kind writes by the sliding window what the training wrote last', async (given) => {
  const trained = await trainBriefly(given);
  expect(trained.validationLoss).toBeLessThan(trained.metrics[0]!.validationLoss - 1);
  const manifest = await exportModel(trained, folder, about);
  expect(manifest).toMatchObject({ kind: given.kind, model: given });
  expect(await exportedText(folder, trained.training.seed)).toEqual([
    expect.objectContaining({ text: trained.samples.at(-1)!.text, tokenCount: 200 }),
  ]);
});

test.each([{ kind: 'attention' }, { kind: 'multi-head' }, { kind: 'gpt', nLayer: 2 }])(
  'until its block is full, the decoding graph of a $kind writes what the training wrote last',
  async (given) => {
    const trained = await trainBriefly(given);
    await exportModel(trained, folder, about);
    const sample = trained.samples.at(-1)!.text; // of letters, spaces and newlines
    const [line] = await exportedText(folder, trained.training.seed, { window: 'restarting', maxNewTokens: 8 });
    expect(line).toMatchObject({ text: sample.slice(0, 8) });
  },
);

test('the folder of a gpt is a GPT-2, with zeros for the biases that the model does not have', async () => {
  const trained = await trainBriefly({ kind: 'gpt', nLayer: 1, nHead: 2 });
  await exportModel(trained, folder, about);
  expect(await readJson('config.json')).toMatchObject({
    model_type: 'gpt2',
    n_positions: 8,
    n_embd: 16,
    n_inner: 64,
    n_layer: 1,
    n_head: 2,
    activation_function: 'gelu',
    tie_word_embeddings: true,
    eos_token_id: null,
  });
  const published = readSafetensors(await readFile(path.join(folder, 'model.safetensors')));
  const vocabularySize = trained.tokenizer.vocabularySize;
  expect(Object.fromEntries([...published].map(([name, { shape }]) => [name, shape]))).toEqual({
    'transformer.wte.weight': [vocabularySize, 16],
    'transformer.wpe.weight': [8, 16],
    'transformer.h.0.ln_1.weight': [16],
    'transformer.h.0.ln_1.bias': [16],
    'transformer.h.0.attn.c_attn.weight': [16, 48],
    'transformer.h.0.attn.c_attn.bias': [48],
    'transformer.h.0.attn.c_proj.weight': [16, 16],
    'transformer.h.0.attn.c_proj.bias': [16],
    'transformer.h.0.ln_2.weight': [16],
    'transformer.h.0.ln_2.bias': [16],
    'transformer.h.0.mlp.c_fc.weight': [16, 64],
    'transformer.h.0.mlp.c_fc.bias': [64],
    'transformer.h.0.mlp.c_proj.weight': [64, 16],
    'transformer.h.0.mlp.c_proj.bias': [16],
    'transformer.ln_f.weight': [16],
    'transformer.ln_f.bias': [16],
  });
  const biases = [...published].filter(([name]) => name.endsWith('.bias'));
  expect(biases.flatMap(([, { values }]) => Array.from(values)).filter((value) => value !== 0)).toEqual([]);
  expect(new Map([...published].filter(([name]) => !name.endsWith('.bias')))).toEqual(trained.weights);
});

test('the same seed yields the same weights of a gpt with dropout, however often it is evaluated', async () => {
  const training = { maxSteps: 12, batchSize: 4, evalBatches: 1 };
  const model = modelConfig.parse({ kind: 'gpt', nEmbd: 16, blockSize: 8, nLayer: 1, dropout: 0.2 });
  const text = 'the cat sat on the mat. '.repeat(30);
  const [seldom, often] = [
    await train({ text, model, training: completeTrainingConfig('gpt', { ...training, sampleInterval: 0 }) }),
    await train({
      text,
      model,
      training: completeTrainingConfig('gpt', { ...training, evalInterval: 3, sampleInterval: 4 }),
    }),
  ];
  expect(often.weights).toEqual(seldom.weights);
});
