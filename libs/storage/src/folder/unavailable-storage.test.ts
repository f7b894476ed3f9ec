import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { explainSystemError, StorageUnavailableError } from '../errors.js';
import { FolderStorage } from './folder-storage.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'glyphmill-storage-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

test.each([
  ['ENOSPC', 'The disk of /store is full. Free space on it, or move the store to a larger one.'],
  ['EROFS', '/store is on a read-only file system. Mount it writable, or choose another folder.'],
  [
    'EACCES',
    'This process may not write to /store. Give its user permission to read and write there, or choose another folder.',
  ],
])('%s is said in words, with the remedy', (code, message) => {
  const cause = Object.assign(new Error(`${code}: write`), { code, syscall: 'write' });
  const error = explainSystemError(cause, '/store');
  expect(error).toBeInstanceOf(StorageUnavailableError);
  expect(error).toMatchObject({ code: 'storage_unavailable', reason: code, message, cause });
});

test('an error that is not the system’s stays as it is', () => {
  const error = Object.assign(new Error('too large'), { code: 'ENOSPC' });
  expect(explainSystemError(error, '/store')).toBe(error);
});

test('a store whose folder is gone fails its check and its puts, and does not make the folder again', async () => {
  const storage = await FolderStorage.open(root);
  await storage.check();
  await rm(root, { recursive: true });
  await expect(storage.check()).rejects.toThrow(StorageUnavailableError);
  await expect(storage.put('a', 'x')).rejects.toThrow(`Something that ${root} needs is gone.`);
  await expect(storage.stage()).rejects.toThrow(StorageUnavailableError);
});

test('a file is no store', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await expect(FolderStorage.open(file)).rejects.toThrow(`${file} is not a folder, or lies below a file.`);
});

test.runIf(process.platform === 'linux')('a folder in which none can be made is no store', async () => {
  await expect(FolderStorage.open('/proc/glyphmill/storage')).rejects.toThrow(
    'No folder can be made in /proc. Choose another folder.',
  );
});

test('a store is made with the folders above it, by several processes at once too', async () => {
  const folder = join(root, 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 4 }, () => FolderStorage.open(folder)));
  expect(await (await FolderStorage.open(folder)).put('artifact', 'x')).toBe(1);
});
