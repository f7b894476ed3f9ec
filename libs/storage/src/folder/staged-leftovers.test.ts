import { mkdtemp, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FolderStorage } from './folder-storage.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let root: string;
let storage: FolderStorage;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
  storage = await FolderStorage.open(root);
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(root, { recursive: true, force: true });
});

/** Makes a file or folder as old as if it had been left two days ago. */
async function age(path: string): Promise<void> {
  const then = new Date(Date.now() - 2 * DAY_MS);
  await utimes(path, then, then);
}

test('what was staged long ago is removed, and what is young stays', async () => {
  const [old, young] = [await storage.stage(), await storage.stage()];
  await writeFile(join(old.path, 'half'), 'x');
  await age(old.path);
  await writeFile(join(root, '.staging', 'file'), 'x');
  await age(join(root, '.staging', 'file'));
  expect(await storage.removeLeftovers(DAY_MS, 10)).toBe(2);
  expect((await readdir(join(root, '.staging'))).map((name) => join(root, '.staging', name))).toEqual([young.path]);
  await young.discard();
});

test('no more is removed at once than is said', async () => {
  for (const name of ['a', 'b', 'c']) {
    await writeFile(join(root, '.staging', name), 'x');
    await age(join(root, '.staging', name));
  }
  expect(await storage.removeLeftovers(DAY_MS, 2)).toBe(2);
  expect(await storage.removeLeftovers(DAY_MS, 2)).toBe(1);
});

test('a staged folder that a process still has is renewed each hour, until it is published or discarded', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const staged = await storage.stage();
  await age(staged.path);
  vi.advanceTimersByTime(60 * 60 * 1000);
  await vi.waitFor(async () => expect((await stat(staged.path)).mtimeMs).toBeGreaterThan(Date.now() - DAY_MS), 120_000);
  expect(await storage.removeLeftovers(DAY_MS, 10)).toBe(0);
  expect(vi.getTimerCount()).toBe(1);
  await staged.discard();
  expect(vi.getTimerCount()).toBe(0);
});
