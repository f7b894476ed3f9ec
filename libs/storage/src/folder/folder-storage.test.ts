import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ArtifactDamagedError, InvalidKeyError } from '../errors.js';
import { describeStorage } from '../storage-conformance.fixture.js';
import { FolderStorage } from './folder-storage.js';

describeStorage('FolderStorage', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
  return {
    storage: await FolderStorage.open(root),
    staged: () => readdir(join(root, '.staging')),
    putForeign: (name) => writeFile(join(root, name), 'x'),
    close: () => rm(root, { recursive: true, force: true }),
  };
});

describe('a symbolic link in the store', () => {
  let root: string;
  let outside: string;
  let storage: FolderStorage;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
    storage = await FolderStorage.open(root);
    outside = await mkdtemp(join(tmpdir(), 'glyphmill-outside-'));
    await mkdir(join(outside, 'folder'));
    await writeFile(join(outside, 'folder', 'secret'), 'secret');
    await symlink(outside, join(root, 'out'));
    await symlink(join(outside, 'folder', 'secret'), join(root, 'file'));
  });

  afterEach(async () => {
    await rm(outside, { recursive: true });
    await rm(root, { recursive: true, force: true });
  });

  test('a symbolic link in the store is followed by no method', async () => {
    const staged = await storage.stage();
    await writeFile(join(staged.path, 'a'), 'x');
    const readings = [
      () => storage.read('file'),
      () => storage.readBytes('out/folder/secret'),
      () => storage.stat('out/folder/secret'),
      () => storage.putIfAbsent('out/new', 'x'),
      () => storage.delete('out/folder/secret'),
      () => storage.deleteAll('out/folder'),
      () => storage.listNames('out'),
      () => storage.list('out')[Symbol.asyncIterator]().next(),
      () => storage.localFolder('out/folder'),
    ];
    for (const attempt of readings) await expect(attempt()).rejects.toThrow(ArtifactDamagedError);
    const writings = [
      () => storage.put('out/new', 'x'),
      () => storage.put('out/new/deep', 'x'),
      () => staged.publish('out/model'),
    ];
    for (const attempt of writings) await expect(attempt()).rejects.toThrow(InvalidKeyError);
    expect(await readdir(outside, { recursive: true })).toEqual(['folder', 'folder/secret']);
  });

  test('a symbolic link in the store is not listed', async () => {
    expect(await storage.listNames('')).toEqual([]);
    for await (const { key } of storage.list('')) expect.unreachable(key);
  });

  test('a symbolic link in the store is removed itself by a deletion, and what it leads to stays', async () => {
    await storage.delete('file');
    await storage.deleteAll('out');
    expect(await readdir(root)).toEqual(['.staging']);
    expect(await readdir(outside, { recursive: true })).toEqual(['folder', 'folder/secret']);
  });

  test('a symbolic link in the store is replaced, not written through, by a put to its own key', async () => {
    await storage.put('file', 'new');
    expect((await storage.readBytes('file')).toString()).toBe('new');
    expect(await readFile(join(outside, 'folder', 'secret'), 'utf8')).toBe('secret');
  });
});
