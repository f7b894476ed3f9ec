import { ArtifactDamagedError, StorageUnavailableError } from '@glyphmill/storage';
import { expect, test } from 'vitest';
import { describeError, JobFailure } from './job-failure.js';

const outOfMemory = { code: 'out_of_memory', message: 'OOM when allocating tensor', retryable: true };

test('a job that got too little memory is not retried, and says what takes less', () => {
  expect(describeError(new JobFailure(outOfMemory), 'train')).toEqual({
    code: 'out_of_memory',
    message: expect.stringMatching(/^OOM when allocating tensor\. Make training\.batchSize smaller .*blockSize/u),
    retryable: false,
  });
  expect(describeError(new JobFailure(outOfMemory), 'generate')).toMatchObject({
    message: expect.stringContaining('smaller model'),
    retryable: false,
  });
});

test.each([
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EROFS', false],
  ['EACCES', false],
])('a job that met a storage with %s is retried: %s', (reason, retryable) => {
  const error = new StorageUnavailableError(reason, (place) => `The disk of ${place} is full.`, undefined, '/srv/mill');
  expect(describeError(error, 'train')).toEqual({
    code: 'storage_unavailable',
    message: 'The disk of the storage is full.',
    retryable,
  });
});

test('damage is not retried, and an error of the system does not say where its file lies', () => {
  expect(describeError(new ArtifactDamagedError('models/m1/manifest.json', 'it is empty'), 'generate')).toEqual({
    code: 'corrupt_artifact',
    message: 'The artifact "models/m1/manifest.json" is damaged: it is empty.',
    retryable: false,
  });
  const error = Object.assign(new Error("EIO: i/o error, read '/srv/mill/content'"), { code: 'EIO', syscall: 'read' });
  expect(describeError(error, 'train')).toMatchObject({ message: "EIO: i/o error, read 'content'", retryable: true });
});

test('an error that nobody knows may be fixed by another attempt', () => {
  expect(describeError('words', 'train')).toEqual({ code: 'internal_error', message: 'words', retryable: true });
});
