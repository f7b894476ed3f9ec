import { expect, test } from 'vitest';
import { ArtifactKeys } from './artifact-keys.js';

const keys = new ArtifactKeys();

test('the keys of shards sort as the shards do', () => {
  const shards = [0, 9, 10, 99_999].map((shard) => keys.shard('job_1', shard));
  expect([...shards].sort()).toEqual(shards);
});

test('the keys of checkpoints sort as their steps do', () => {
  const checkpoints = [0, 9, 10, 1_000_000].map((step) => keys.checkpoint('job_1', step, 'token'));
  expect([...checkpoints].sort()).toEqual(checkpoints);
});

test('the keys of artifacts that are stored already stay as they are', () => {
  expect({
    datasets: keys.datasets,
    models: keys.models,
    promptIndex: keys.promptIndex('dataset_1'),
    promptList: keys.promptList('job_1'),
    shard: keys.shard('job_1', 7),
    checkpoint: keys.checkpoint('job_1', 50, '0123456789'),
  }).toEqual({
    datasets: 'datasets',
    models: 'models',
    promptIndex: 'prompt-indexes/dataset_1',
    promptList: 'prompts/job_1/prompts.json',
    shard: 'outputs/job_1/00007.jsonl',
    checkpoint: 'checkpoints/job_1/000000050-01234567',
  });
});

test('all that belongs to a tenant lies below its own folder', () => {
  const own = new ArtifactKeys('acme');
  for (const key of [
    own.datasets,
    own.models,
    own.promptIndex('dataset_1'),
    own.promptList('job_1'),
    own.shard('job_1', 0),
    own.checkpoint('job_1', 0, 'token'),
  ]) {
    expect(key).toMatch(/^tenants\/acme\//u);
  }
});
