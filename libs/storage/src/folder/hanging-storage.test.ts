import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { hangFolder, type HangingFolder } from './hanging-folder.fixture.js';
import { FolderStorage } from './folder-storage.js';
import { readPlainFile } from './plain-file.js';

let root: string;
let storage: FolderStorage;
let hanging: HangingFolder | string;

beforeEach(async () => {
  hanging = 'not yet';
  root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
  storage = await FolderStorage.open(root);
});

afterEach(async () => {
  if (typeof hanging !== 'string') hanging.release();
  await rm(root, { recursive: true, force: true });
});

test('a reading of storage that does not answer ends at its signal, and other calls have a thread', async ({
  skip,
}) => {
  await storage.put('datasets/d1/content', 'text');
  await storage.put('models/m1/manifest.json', '{}');
  const { path } = await storage.localFolder('models/m1');
  hanging = hangFolder(join(root, 'datasets'));
  if (typeof hanging === 'string') return skip(hanging);
  const stopping = new AbortController();
  const { signal } = stopping;
  const readings = [
    storage.read('datasets/d1/content', undefined, signal),
    storage.readBytes('datasets/d1/content', { signal }),
  ];
  expect(String(await storage.readBytes('models/m1/manifest.json'))).toBe('{}');
  stopping.abort(new Error('cancelled'));
  for (const reading of readings) await expect(reading).rejects.toThrow('cancelled');
  expect(String(await readPlainFile(path, 'manifest.json'))).toBe('{}');
});

test('a stream ends at its signal, with the signal’s reason', async () => {
  // Longer than what the stream reads ahead.
  await storage.put('datasets/d1/content', Buffer.alloc(2 ** 22, 'x'));
  const stopping = new AbortController();
  const stream = await storage.read('datasets/d1/content', undefined, stopping.signal);
  const reason = new Error('cancelled');
  const failed = new Promise((resolve) => stream.once('error', resolve));
  stopping.abort(reason);
  expect(await failed).toBe(reason);
  expect(stream.destroyed).toBe(true);
});
