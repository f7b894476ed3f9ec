import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@glyphmill/settings';
import { describe, expect, test } from 'vitest';
import { readConfig } from './config.js';

const REDIS_URL = 'redis://127.0.0.1:6379';

test('only the address of Redis has no default; an empty value counts as none', () => {
  expect(readConfig({ REDIS_URL, DEVICE: '', THREADS: '' })).toMatchObject({
    redisUrl: REDIS_URL,
    redisPrefix: '{glyphmill}',
    storageUrl: pathToFileURL(resolve('data', 'storage')).href,
    isStoragePrivate: true,
    roles: ['train', 'generate'],
    device: 'auto',
    xla: 'auto',
    logLevel: 'info',
    shutdownGraceMs: 30_000,
  });
});

test('the storage is in the data folder unless it is set, even with a space in its name', () => {
  expect(readConfig({ REDIS_URL, DATA_DIR: '/srv/mill' }).storageUrl).toBe('file:///srv/mill/storage');
  expect(readConfig({ REDIS_URL, STORAGE_URL: 'file:///srv/my%20mill' }).storageUrl).toBe('file:///srv/my%20mill');
});

test('roles may be one, or both in any order', () => {
  expect(readConfig({ REDIS_URL, WORKER_ROLES: 'generate' }).roles).toEqual(['generate']);
  expect(readConfig({ REDIS_URL, WORKER_ROLES: 'generate, train' }).roles).toEqual(['generate', 'train']);
});

describe('a setting that cannot be used is named, with what was given and what is allowed:', () => {
  test.each([
    [{ REDIS_URL: 'default:SECRET@mill:6379' }, /^REDIS_URL \(not shown: [^@]*: a redis:\/\/ or rediss:\/\/ address/u],
    [{ REDIS_PREFIX: 'mill' }, /^REDIS_PREFIX is "mill": one hash tag in braces, such as \{glyphmill\}$/u],
    [{ STORAGE_URL: 's3://KEY:SECRET@bucket' }, /^STORAGE_URL \(not shown: [^@]*: a file:/u],
    [{ WORKER_ROLES: 'train,' }, /^WORKER_ROLES is "train,": train, generate, or both/u],
    [{ DEVICE: 'cuda' }, /^DEVICE is "cuda": auto, cpu or cuda:N$/u],
    [{ THREADS: '1.5' }, /^THREADS is "1.5": a whole number from 1 to 1024$/u],
    [{ XLA: 'yes' }, /^XLA is "yes": one of auto, on, off$/u],
    [{ SHUTDOWN_GRACE_SECONDS: 'soon' }, /^SHUTDOWN_GRACE_SECONDS is "soon": a whole number from 0 to 3600$/u],
  ])('%o', (given, message) => {
    expect(() => readConfig({ REDIS_URL, ...given })).toThrow(message);
    expect(() => readConfig({ REDIS_URL, ...given })).toThrow(ConfigError);
  });

  test('all of them at once', () => {
    expect(() => readConfig({ DEVICE: 'tpu' })).toThrow(/^REDIS_URL is not set: .*; DEVICE is "tpu": /u);
  });
});
