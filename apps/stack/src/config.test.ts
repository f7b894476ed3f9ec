import { resolve } from 'node:path';
import { ConfigError } from '@glyphmill/settings';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';

test('every setting has a default; an empty value counts as none', () => {
  expect(readConfig({ PORT: '', REDIS_URL: '' })).toEqual({
    host: '127.0.0.1',
    port: 3000,
    redisUrl: undefined,
    dataFolder: resolve('data'),
    workers: 1,
    shutdownGraceMs: 30_000,
  });
});

test('what is set counts', () => {
  const given = {
    HOST: '::1',
    PORT: '0',
    REDIS_URL: 'rediss://mill:6380',
    DATA_DIR: '/srv/mill',
    WORKERS: '0',
    SHUTDOWN_GRACE_SECONDS: '6',
  };
  expect(readConfig(given)).toEqual({
    host: '::1',
    port: 0,
    redisUrl: 'rediss://mill:6380',
    dataFolder: '/srv/mill',
    workers: 0,
    shutdownGraceMs: 6000,
  });
});

test.each([
  [{ PORT: 'http' }, 'PORT is "http": a whole number from 0 to 65535'],
  [{ PORT: '65536' }, 'PORT is "65536": a whole number from 0 to 65535'],
  [{ WORKERS: '-1' }, 'WORKERS is "-1": a whole number from 0 to 64'],
])('a setting that cannot be used is named, with what was given and what is allowed: %o', (given, message) => {
  expect(() => readConfig(given)).toThrow(new ConfigError(message));
});

test('a refused REDIS_URL is named and not quoted', () => {
  const read = () => readConfig({ REDIS_URL: 'default:SECRET@mill:6379' });
  expect(read).toThrow(/^REDIS_URL \(not shown: .*a redis:\/\/ .*; unset, the stack starts a Valkey of its own$/u);
  expect(read).not.toThrow(/SECRET|mill/u);
});
