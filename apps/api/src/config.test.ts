import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@glyphmill/settings';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';

const REDIS_URL = 'redis://127.0.0.1:6379';

test('only Redis must be said; the rest has defaults', () => {
  expect(readConfig({ REDIS_URL, PORT: '' })).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    redisPrefix: '{glyphmill}',
    storageUrl: pathToFileURL(resolve('data/storage')).href,
    isStoragePrivate: true,
    maxUploadBytes: 268_435_456,
    maxQueuedJobs: 1_000_000,
    maxQueuedBytes: 2 * 1024 ** 3,
    retention: { seconds: 2_592_000, count: 100_000 },
    logLevel: 'info',
  });
});

test('a storage address is kept as it is', () => {
  expect(readConfig({ REDIS_URL, STORAGE_URL: 'file:///srv/glyphmill' })).toMatchObject({
    storageUrl: 'file:///srv/glyphmill',
    isStoragePrivate: false,
  });
});

test.each([
  ['PORT', '70000', '65535'],
  ['PORT', 'http', 'number'],
  ['MAX_UPLOAD_BYTES', '1.5', 'whole number of bytes'],
  ['MAX_QUEUED_JOBS', '0', '1 or more'],
  ['MAX_QUEUED_BYTES', '1.5', 'a whole number of bytes'],
  ['MAX_FINISHED_JOBS', 'many', 'whole number of jobs'],
  ['JOB_RETENTION_SECONDS', '0', '1 or more'],
  ['LOG_LEVEL', 'loud', 'trace'],
  ['REDIS_PREFIX', 'glyphmill', '{glyphmill}'],
  ['ALLOWED_HOSTS', 'https://mill.example', '.example for it and all names below it'],
  ['ALLOWED_HOSTS', 'mill.example:3000', 'names separated by commas'],
  ['ALLOWED_HOSTS', 'mill.example,', 'names separated by commas'],
  ['ALLOWED_HOSTS', '*.example', 'names separated by commas'],
  ['ALLOW_UNAUTHENTICATED', 'yes', 'true'],
])('%s of %s is refused with what is allowed', (name, value, allowed) => {
  const read = () => readConfig({ REDIS_URL, [name]: value });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(name);
  expect(read).toThrow(`"${value}"`);
  expect(read).toThrow(allowed);
});

test('a missing Redis is named', () => {
  expect(() => readConfig({})).toThrow(/REDIS_URL is not set/u);
});

test.each(['REDIS_URL', 'STORAGE_URL'])('a refused %s is named and not quoted', (name) => {
  const read = () => readConfig({ REDIS_URL, [name]: 's3://KEY:SECRET@bucket' });
  expect(read).toThrow(new RegExp(`^${name} \\(not shown: it may hold a secret\\) cannot be used: a`, 'u'));
  expect(read).not.toThrow(/SECRET|bucket/u);
});

test('the names by which this server is known are read without their case', () => {
  expect(readConfig({ REDIS_URL }).allowedHosts).toEqual([]);
  expect(readConfig({ REDIS_URL, ALLOWED_HOSTS: 'Mill.example, .lab.example,*' }).allowedHosts).toEqual([
    'mill.example',
    '.lab.example',
    '*',
  ]);
});

test('an address that other machines reach must be allowed in so many words', () => {
  expect(() => readConfig({ REDIS_URL, HOST: '0.0.0.0' })).toThrow(/ALLOW_UNAUTHENTICATED=true/u);
  expect(readConfig({ REDIS_URL, HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' }).host).toBe('0.0.0.0');
  expect(readConfig({ REDIS_URL, HOST: '::1' }).host).toBe('::1');
});
