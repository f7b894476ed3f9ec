import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { ArtifactNotFoundError, openStorage, readDocument, type Storage } from './index.js';

let root: string;
let storage: Storage;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
  storage = await openStorage(pathToFileURL(root));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function parse(json: unknown): { step: unknown } {
  if (typeof json !== 'object' || json === null || !('step' in json)) throw new Error('step is missing');
  return json;
}

test('a document comes out as it is parsed', async () => {
  await storage.put('about.json', '{"step": 7}');
  expect(await readDocument(storage, 'about.json', parse)).toEqual({ step: 7 });
});

test.each([
  ['that is empty', '', 'it is empty'],
  ['that is cut short', '{"step": 7', 'it is not JSON'],
  ['of random bytes', randomBytes(100), 'it is not JSON'],
  ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'it is not JSON'],
  ['of NULs', Buffer.alloc(100), 'it is not JSON'],
  ['that is null', 'null', 'it is not as it should be (step is missing)'],
  ['of another kind', '[7]', 'it is not as it should be (step is missing)'],
  ['that is huge', Buffer.alloc(2 ** 20 + 1, ' '), 'it has 1048577 bytes, and at most 1048576 are read'],
])('a document %s is damaged', async (_, content, what) => {
  await storage.put('about.json', content);
  await expect(readDocument(storage, 'about.json', parse)).rejects.toMatchObject({
    code: 'artifact_damaged',
    message: `The artifact "about.json" is damaged: ${what}.`,
  });
});

test('a document that does not exist is not found', async () => {
  await expect(readDocument(storage, 'about.json', parse)).rejects.toThrow(ArtifactNotFoundError);
});
