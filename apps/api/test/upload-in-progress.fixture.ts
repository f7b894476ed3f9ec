import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { useApi } from './running-api.fixture.js';

export const HOST = 'Host: localhost';
export const FORM_TYPE = 'Content-Type: multipart/form-data; boundary=B';
export const FORM_START = '--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nCall me';

type Api = ReturnType<ReturnType<typeof useApi>>;

/** The folders of uploads that are not finished. */
export async function stagedIn({ storage }: Api): Promise<string[]> {
  return readdir(join((await storage.localFolder('datasets')).path, '..', '.staging'));
}

/** Waits for the server to clean up behind a request that failed. */
export async function expectNothingStaged(api: Api): Promise<void> {
  await expect.poll(() => stagedIn(api), { timeout: 120_000 }).toEqual([]);
}
