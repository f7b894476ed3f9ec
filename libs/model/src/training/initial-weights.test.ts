import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { completeTrainingConfig, modelConfig } from '../config/index.js';
import { exportModel } from '../export/export-model.js';
import { weightNamed } from '../weights/weights.js';
import type { InitialModel } from './initial-weights.js';
import { train } from './train.js';
import type { TrainedModel } from './trained-model.js';

const text = 'abcdefg hij'.repeat(60);
const gpt = { kind: 'gpt', nLayer: 1, nHead: 2, nEmbd: 8, blockSize: 8 };
const [TOKENS, POSITIONS] = ['transformer.wte.weight', 'transformer.wpe.weight'];

let folder: string;
let source: TrainedModel;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-initial-'));
  source = await trainFrom({});
  const dataset = { id: 'dataset_1', name: 'letters', sha256: 'ab'.repeat(32) };
  await exportModel(source, folder, { modelId: 'model_1', name: 'letters', job: 'job_1', dataset });
});
afterAll(() => rm(folder, { recursive: true }));

function trainFrom(init: Partial<InitialModel>, model: object = {}, on = text): Promise<TrainedModel> {
  const isFirst = Object.keys(init).length === 0;
  // A rate this small leaves every float as it started.
  const training = {
    maxSteps: 2,
    batchSize: 2,
    evalBatches: 1,
    seed: 5,
    ...(isFirst ? {} : { learningRate: 1e-30, minLearningRate: 0 }),
  };
  return train({
    text: on,
    model: modelConfig.parse({ ...gpt, ...model }),
    training: completeTrainingConfig('gpt', training),
    initFrom: isFirst ? undefined : { folder, vocabulary: 'same', positions: 'same', ...init },
  });
}

const rows = (model: TrainedModel, name: string) => {
  const { values, shape } = weightNamed(model.weights, name);
  return Array.from({ length: shape[0]! }, (_, row) => [...values.subarray(row * shape[1]!, (row + 1) * shape[1]!)]);
};

test('a training run starts from the weights of a published model', async () => {
  expect((await trainFrom({ vocabulary: 'same' })).weights).toEqual(source.weights);
});

test('by character, tokens that both know keep their row wherever it is, and new ones start fresh', async () => {
  const mapped = await trainFrom({ vocabulary: 'by-character' }, {}, 'bcdefg hijZ'.repeat(60));
  const [old, now] = [rows(source, TOKENS), rows(mapped, TOKENS)];
  const kept = mapped.tokenizer.vocabulary.flatMap((character, id) => (character === 'Z' ? [] : [now[id]]));
  const known = mapped.tokenizer.vocabulary.filter((character) => character !== 'Z');
  expect(kept).toEqual(known.map((character) => old[source.tokenizer.vocabulary.indexOf(character)]));
  expect(old).not.toContainEqual(now[mapped.tokenizer.vocabulary.indexOf('Z')]);
  const block = 'transformer.h.0.mlp.c_fc.weight';
  expect(mapped.weights.get(block)).toEqual(source.weights.get(block));
});

test('resized, the positions that both have keep their rows', async () => {
  const [longer, shorter] = [
    await trainFrom({ positions: 'resize' }, { blockSize: 10 }),
    await trainFrom({ positions: 'resize' }, { blockSize: 6 }),
  ];
  expect(rows(longer, POSITIONS).slice(0, 8)).toEqual(rows(source, POSITIONS));
  expect(rows(shorter, POSITIONS)).toEqual(rows(source, POSITIONS).slice(0, 6));
});

test('another vocabulary, block size or architecture is refused, with the mapping that would do', async () => {
  const same: Partial<InitialModel> = { vocabulary: 'same' };
  await expect(trainFrom(same, {}, 'bcdefg hijZ'.repeat(60))).rejects.toMatchObject({
    code: 'init_mismatch',
    message: expect.stringMatching(/knows 10.*by-character/u),
  });
  await expect(trainFrom(same, { blockSize: 10 })).rejects.toThrow(/blockSize is 10.*8.*resize/u);
  await expect(trainFrom(same, { nHead: 4 })).rejects.toThrow(/nHead is 4 and not 2/u);
});

test('weights that are given must be those of the model', async () => {
  const training = completeTrainingConfig('gpt', { maxSteps: 1 });
  const wrong = train({
    text,
    model: modelConfig.parse({ ...gpt, bias: true }),
    training,
    initialWeights: source.weights,
  });
  await expect(wrong).rejects.toMatchObject({ code: 'init_mismatch', message: expect.stringContaining('bias') });
});
