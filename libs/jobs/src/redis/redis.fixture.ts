import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startValkey } from '@glyphmill/runtimes';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { connectRedis } from './redis-connection.js';

/** A real Valkey for one test file; every call of `fresh` yields keys that no other test sees. */
export function useValkey(): { url: () => string; redis: () => Redis; fresh: () => string } {
  let stop: (() => Promise<void>) | undefined;
  let url = '';
  let redis: Redis | undefined;
  let prefixes = 0;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'glyphmill-test-'));
    const server = await startValkey({ directory, persistence: 'none' });
    url = server.url;
    redis = connectRedis(url, 'worker', () => undefined);
    stop = async () => {
      redis?.disconnect();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    };
  });
  afterAll(async () => await stop?.());

  return {
    url: () => url,
    redis: () => redis!,
    fresh: () => {
      prefixes += 1;
      return `{test-${prefixes}}`;
    },
  };
}
