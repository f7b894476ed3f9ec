import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderStorage } from './folder-storage.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glyphmill-storage-'));
  await chmod(folder, 0o755);
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

async function modeAfter(options: { isPrivate?: boolean }): Promise<number> {
  await FolderStorage.open(folder, options);
  return (await stat(folder)).mode & 0o777;
}

test('a private store closes its folder to others, even one that was open to them', async () => {
  expect(await modeAfter({ isPrivate: true })).toBe(0o700);
});

test('a store that may be shared leaves the modes of its folder as they are', async () => {
  expect(await modeAfter({})).toBe(0o755);
});
