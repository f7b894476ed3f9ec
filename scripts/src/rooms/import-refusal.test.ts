import { expect, test } from 'vitest';

import { importRefusal } from './import-refusal.ts';

test.each([
  ['libs/contract/src/job.ts', '@glyphmill/model/config'],
  ['apps/worker/src/main.ts', '@glyphmill/model/training'],
  ['libs/model/src/kinds/kind.ts', '../layers/linear.js'],
  ['libs/model/src/generation/index.ts', '../decoding/scheduler.js'],
  ['libs/storage/src/storage.ts', 'node:fs'],
  ['libs/jobs/src/hold/hold.ts', '../records/lane.js'],
  ['apps/api/src/intake/admission.ts', '../config.js'],
  ['bench/src/queue/queue-benchmark.ts', 'bullmq/dist/index.js'],
  ['vitest.config.ts', 'vitest/config'],
])('%s may import %s', (file, specifier) => {
  expect(importRefusal(file, specifier)).toBeUndefined();
});

test.each([
  ['libs/contract/src/job.ts', '@glyphmill/model/training', 'may import model/config'],
  ['libs/contract/src/job.ts', '@glyphmill/model', 'may import model/config'],
  ['libs/client/src/index.ts', 'node:fs', 'loaded by browsers, which have no node:fs'],
  ['libs/jobs/src/index.ts', '@glyphmill/jobs', 'libs/jobs may not import'],
  ['libs/jobs/src/records/lane.ts', '../board/job-board.js', 'Beside itself it may import redis'],
  [
    'apps/api/src/intake/admission.ts',
    '../http/json-body.js',
    'Beside itself it may import config, connections, reading',
  ],
  ['apps/api/src/app.ts', 'ioredis', 'may not import the package ioredis'],
  ['libs/runtimes/src/valkey.ts', '@glyphmill/jobs', 'it may import none'],
  ['libs/model/src/config/index.ts', '../weights/weights.js', 'Beside itself it may import none'],
  ['libs/model/src/config/index.ts', '@glyphmill/data', 'may import none'],
  ['libs/model/src/generation/index.ts', '../training/index.js', 'libs/model/src/generation may not import'],
  ['libs/model/src/generation/index.ts', '@glyphmill/tensorflow', 'may import data, storage'],
  ['somewhere/else.ts', 'zod', 'somewhere/else.ts lies in no room'],
])('%s may not import %s', (file, specifier, reason) => {
  expect(importRefusal(file, specifier)).toContain(reason);
});

test('a room that is started as a process is resolved, and not imported', () => {
  expect(importRefusal('apps/stack/src/stack.ts', '@glyphmill/api/main', 'resolve')).toBeUndefined();
  expect(importRefusal('apps/stack/src/stack.ts', '@glyphmill/api/main')).toContain('may not import');
  expect(importRefusal('apps/worker/src/main.ts', '@glyphmill/api/main', 'resolve')).toContain('may not import');
});

test('tests may import what is for tests, and the fixtures of a room that they may import', () => {
  expect(importRefusal('apps/api/test/jobs.integration.test.ts', '@glyphmill/client')).toBeUndefined();
  expect(importRefusal('apps/api/src/app.ts', '@glyphmill/client')).toContain('may not import');
  const fixture = '../../../libs/storage/src/folder/small-disk.fixture.js';
  expect(importRefusal('apps/worker/test/full-disk.integration.test.ts', fixture)).toBeUndefined();
  expect(importRefusal('apps/worker/src/jobs/worker.ts', fixture)).toContain('lies outside of apps/worker');
  expect(importRefusal('apps/stack/test/stack.integration.test.ts', fixture)).toContain('lies outside of apps/stack');
});
