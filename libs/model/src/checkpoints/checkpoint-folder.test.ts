import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { completeTrainingConfig } from '../config/index.js';
import type { Weights } from '../weights/weights.js';
import type { Checkpoint } from './checkpoint.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true }));

const arrays = (...values: number[]): Weights =>
  new Map([['table', { shape: [2, 1], values: Float32Array.from(values) }]]);

const checkpoint: Checkpoint = {
  step: 7,
  tokensSeen: 700,
  sampler: { seed: 1337, stream: [1, 2], drawn: 21 },
  trainLoss: 2.5,
  gradientNorm: 0.25,
  evaluatedAt: 5,
  sampledAt: null,
  best: { step: 5, validationLoss: 2.25 },
  staleEvaluations: 0,
  metrics: [
    {
      step: 5,
      trainLoss: 2.5,
      validationLoss: 2.25,
      bitsPerByte: 3.25,
      learningRate: 1e-3,
      gradientNorm: 0.5,
      tokensSeen: 500,
      tokensPerSecond: 1e5,
      whole: false,
    },
  ],
  samples: [{ step: 0, text: 'ab\r\n🐋' }],
  model: { kind: 'bigram', blockSize: 8 },
  training: completeTrainingConfig('bigram', {}),
  vocabulary: ['a', 'b'],
  textSha256: 'ab'.repeat(32),
  fingerprint: { tensorflow: '2.21.0', threads: '2' },
  learner: { weights: arrays(1, 2), firstMoments: arrays(0.5, -0), secondMoments: arrays(1e-20, 3) },
  bestWeights: arrays(4, 5),
};

test('a checkpoint comes back as it was written, with a best and without', async () => {
  await writeCheckpoint(checkpoint, folder);
  expect(await readCheckpoint(folder)).toEqual(checkpoint);
  const without = { ...checkpoint, best: null, bestWeights: undefined };
  await rm(folder, { recursive: true });
  folder = await mkdtemp(path.join(tmpdir(), 'glyphmill-checkpoint-'));
  await writeCheckpoint(without, folder);
  expect(await readCheckpoint(folder)).toEqual(without);
});

test.each(['state.safetensors', 'best.safetensors', 'checkpoint.json'])(
  'a %s that is cut short, changed or missing is named',
  async (file) => {
    await writeCheckpoint(checkpoint, folder);
    const target = path.join(folder, file);
    const bytes = await readFile(target);
    const refusal = { code: 'checkpoint_invalid', message: expect.stringContaining(file) };
    await truncate(target, bytes.length - 1);
    await expect(readCheckpoint(folder)).rejects.toMatchObject(refusal);
    await writeFile(
      target,
      bytes.map((byte, at) => (at === bytes.length - 2 ? byte ^ 1 : byte)),
    );
    await expect(readCheckpoint(folder)).rejects.toMatchObject(refusal);
    await writeFile(target, '');
    await expect(readCheckpoint(folder)).rejects.toMatchObject(refusal);
    await rm(target);
    await expect(readCheckpoint(folder)).rejects.toMatchObject(refusal);
  },
);

test('a changed number in checkpoint.json is damage, even if it would be another checkpoint', async () => {
  await writeCheckpoint(checkpoint, folder);
  const about = path.join(folder, 'checkpoint.json');
  const text = await readFile(about, 'utf8');
  expect(text).toContain('"drawn":21');
  await writeFile(about, text.replace('"drawn":21', '"drawn":20'));
  await expect(readCheckpoint(folder)).rejects.toThrow('checkpoint.json is damaged');
});

test('a checkpoint of another format is refused with both versions', async () => {
  await writeCheckpoint(checkpoint, folder);
  const about = path.join(folder, 'checkpoint.json');
  const json: unknown = JSON.parse(await readFile(about, 'utf8'));
  await writeFile(about, JSON.stringify(Object.assign({}, json, { formatVersion: 3 })));
  await expect(readCheckpoint(folder)).rejects.toThrow(/version 3.*reads 2/u);
});
