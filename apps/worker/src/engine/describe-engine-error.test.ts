import { InvalidUtf8Error, TextTooShortError, UnknownTokenError } from '@glyphmill/data';
import { expect, test } from 'vitest';
import { describeEngineError } from './describe-engine-error.js';

function coded(code: string): Error & { code: string } {
  return Object.assign(new Error('what happened'), { code });
}

test.each([
  new InvalidUtf8Error(0, { truncated: true, looksLikeUtf16: false }),
  new TextTooShortError('validation split', 4, 8),
  new UnknownTokenError(9, 0, 4),
  coded('loss_not_finite'),
  coded('init_mismatch'),
  coded('resume_mismatch'),
  coded('parity'),
])('an error that another attempt would meet again is not retried: %s', (error) => {
  expect(describeEngineError(error)).toEqual({
    code: error.code,
    message: error.message,
    retryable: false,
  });
});

test.each([
  ['ENOSPC', 'The disk of the storage is full. Free space on it, or move the store to a larger one.', true],
  ['EROFS', 'The storage is on a read-only file system. Mount it writable, or choose another folder.', false],
])('one of the system says the remedy, and not where the storage is: %s', (code, message, retryable) => {
  const error = Object.assign(new Error(`${code}: write`), { code, syscall: 'write' });
  expect(describeEngineError(error)).toEqual({ code: 'storage_unavailable', message, retryable });
});

test('one that got no memory would get none again', () => {
  const error = new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[9]');
  expect(describeEngineError(error)).toEqual({
    code: 'out_of_memory',
    message: error.message,
    retryable: false,
  });
});

test.each([
  [coded('ESTRANGE'), { code: 'ESTRANGE', message: 'what happened' }],
  [new Error('out of luck'), { code: 'engine_error', message: 'out of luck' }],
  ['words', { code: 'engine_error', message: 'words' }],
])('any other error may be fixed by another attempt: %s', (error, described) => {
  expect(describeEngineError(error)).toEqual({ ...described, retryable: true });
});
