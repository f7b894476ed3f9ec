import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError } from './config-error.js';
import { readSettings } from './read-settings.js';
import { redisAddress } from './redis-address.js';
import { secret } from './secret.js';
import { storageAddress } from './storage-address.js';

const settings = z.object({
  PORT: z.coerce.number('a port').default(3000),
  REDIS_URL: redisAddress('the test needs one').optional(),
  STORAGE_URL: storageAddress.optional(),
  API_KEY: secret(z.string().regex(/^k-/u, 'a key that begins with k-')).default('k-0'),
});

function refusalOf(environment: NodeJS.ProcessEnv): string {
  try {
    readSettings(settings, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('nothing was refused');
}

test('an empty value counts as none, and what no setting names is not looked at', () => {
  expect(readSettings(settings, { PORT: '', HOME: '/root' })).toEqual({ PORT: 3000, API_KEY: 'k-0' });
});

test('a setting that cannot be used is named with what was given and what is allowed, all at once', () => {
  expect(refusalOf({ PORT: 'http', REDIS_URL: 'mill' })).toMatch(/^PORT is "http": a port; REDIS_URL \(not shown/u);
});

test('a required setting that is missing is named', () => {
  expect(() => readSettings(z.object({ REDIS_URL: redisAddress('the test needs one') }), {})).toThrow(
    /^REDIS_URL is not set: a redis:\/\/ or rediss:\/\/ address.*; the test needs one$/u,
  );
});

test('a secret below a default is not quoted', () => {
  expect(refusalOf({ API_KEY: 'SECRET' })).toBe(
    'API_KEY (not shown: it may hold a secret) cannot be used: a key that begins with k-',
  );
});

test.each([
  'default:PW-SECRET@host:6379',
  'PW-SECRET@host',
  'host PW-SECRET',
  ':PW-SECRET@host:6379',
  '/PW-SECRET@host',
  '//default:PW-SECRET@host:6379',
  'http://user:PW-SECRET@host',
  'http://user:PA/PW-SECRET@host',
  'http://user:PA@PW-SECRET@host',
  'redis:/user:PW-SECRET@host',
  'redis:user:PW-SECRET@host',
  'redis:\\\\user:PW-SECRET@host',
  'redis:///user:PW-SECRET@host',
  'redis://user:PA/PW-SECRET@host',
  'redis://PA/PW-SECRET@host',
  'redis://PA?PW-SECRET@host',
  'redis://PA#PW-SECRET@host',
  'redis://user:%PW-SECRET@host',
  'redis://user:PW-SECRET@host:port',
  'redis://user:PW-SECRET@host/database',
  'unix:///user:PW-SECRET@host',
])('REDIS_URL=%s is refused without a part of it being quoted', (REDIS_URL) => {
  const refusal = refusalOf({ REDIS_URL });
  expect(refusal).toMatch(
    /^REDIS_URL \(not shown: it may hold a secret\) cannot be used: a redis:\/\/ or rediss:\/\//u,
  );
  expect(refusal).not.toMatch(/PW-SECRET|PA\b|user|@host/u);
});

test.each(['s3://KEY:SECRET@bucket', 'SECRET', 'file://KEY:SECRET@host/folder', 'file:///a%2Fb?KEY=SECRET'])(
  'STORAGE_URL=%s is refused without a part of it being quoted',
  (STORAGE_URL) => {
    const refusal = refusalOf({ STORAGE_URL });
    expect(refusal).toMatch(/^STORAGE_URL \(not shown.*file:\/\/\//u);
    expect(refusal).not.toMatch(/SECRET|KEY|bucket/u);
  },
);

test('a storage address is that of a folder, even with a space in its name', () => {
  expect(readSettings(settings, { STORAGE_URL: 'file:///srv/my%20mill' }).STORAGE_URL).toBe('file:///srv/my%20mill');
});
