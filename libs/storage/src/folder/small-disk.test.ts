import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';

import { FolderStorage } from './folder-storage.js';
import { mountSmallDisk, type SmallDisk } from './small-disk.fixture.js';

const MIB = 2 ** 20;

let disk: SmallDisk | string;
beforeEach(() => {
  disk = mountSmallDisk(4 * MIB);
});
afterEach(() => {
  if (typeof disk !== 'string') disk.unmount();
});

async function open({ skip }: TestContext): Promise<{ disk: SmallDisk; storage: FolderStorage }> {
  if (typeof disk === 'string') return skip(disk);
  return { disk, storage: await FolderStorage.open(join(disk.path, 'store')) };
}

const staged = (path: string) => readdirSync(join(path, 'store', '.staging'));

test('on a full disk nothing becomes visible, what was there stays, and the error says what to do', async (context) => {
  const { disk: full, storage } = await open(context);
  await storage.put('artifact', 'old');
  const folder = await storage.stage();
  full.fill(MIB);
  const tooMuch = Buffer.alloc(2 * MIB, 1);
  const error = {
    code: 'storage_unavailable',
    reason: 'ENOSPC',
    mayPass: true,
    message: `The disk of ${join(full.path, 'store')} is full. Free space on it, or move the store to a larger one.`,
  };
  await expect(storage.put('artifact', tooMuch)).rejects.toMatchObject(error);
  await expect(storage.put('another', Readable.from([tooMuch]))).rejects.toMatchObject(error);
  await expect(storage.putIfAbsent('another', tooMuch)).rejects.toMatchObject(error);
  expect(() => writeFileSync(join(folder.path, 'file'), tooMuch)).toThrow('ENOSPC');
  await folder.discard();
  expect(await storage.listNames('')).toEqual(['artifact']);
  expect(String(await storage.readBytes('artifact'))).toBe('old');
  expect(staged(full.path)).toEqual([]);

  rmSync(join(full.path, 'filler'));
  expect(await storage.put('artifact', tooMuch)).toBe(2 * MIB);
});

test('a disk that became read-only can still be read, and says what to do where it is written to', async (context) => {
  const { disk: frozen, storage } = await open(context);
  await storage.put('artifact', 'old');
  const folder = await storage.stage();
  writeFileSync(join(folder.path, 'file'), 'whole');
  frozen.makeReadOnly();
  const error = { reason: 'EROFS', mayPass: false, message: expect.stringContaining('is on a read-only file system') };
  await expect(storage.put('artifact', 'new')).rejects.toMatchObject(error);
  await expect(storage.putIfAbsent('another', 'new')).rejects.toMatchObject(error);
  await expect(storage.stage()).rejects.toMatchObject(error);
  await expect(folder.publish('models/one')).rejects.toMatchObject(error);
  await expect(storage.delete('artifact')).rejects.toMatchObject(error);
  await expect(storage.check()).rejects.toMatchObject(error);
  expect(await storage.listNames('')).toEqual(['artifact']);
  expect(String(await storage.readBytes('artifact'))).toBe('old');
});
