import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { ArtifactDamagedError, ArtifactNotFoundError } from '../errors.js';
import { FolderStorage } from './folder-storage.js';
import { readPlainFile } from './plain-file.js';

let root: string;
let storage: FolderStorage;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'glyphmill-storage-')));
  storage = await FolderStorage.open(root);
  await storage.put('models/m1/config.json', '{}');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** What may lie where an artifact is meant, and is none. */
const FOREIGN: [string, (path: string) => unknown][] = [
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a link to an endless device', (path) => symlink('/dev/zero', path)],
  ['a link to a file', (path) => symlink('/etc/hostname', path)],
  ['a link to nothing', (path) => symlink('/nowhere', path)],
  ['a link to itself', (path) => symlink(path, path)],
  ['a socket', (path) => new Promise<void>((resolve) => createServer().listen(path, resolve).unref())],
];

test.each(FOREIGN)('%s under a key is damage, is not listed, and can be replaced and deleted', async (_, make) => {
  const [key, path] = ['models/m1/graph', join(root, 'models', 'm1', 'graph')];
  await make(path);
  const readings = [() => storage.read(key), () => storage.readBytes(key), () => storage.stat(key)];
  for (const reading of readings) {
    await expect(reading()).rejects.toThrow(ArtifactDamagedError);
    await expect(reading()).rejects.toMatchObject({ code: 'artifact_damaged', key });
  }
  await expect(readPlainFile(join(root, 'models', 'm1'), 'graph')).rejects.toThrow(ArtifactDamagedError);
  expect(await storage.listNames('models/m1')).toEqual(['config.json']);
  await storage.put(key, 'graph');
  expect(String(await storage.readBytes(key))).toBe('graph');
  await storage.delete(key);
  await make(path);
  await storage.delete(key);
  expect(await readdir(join(root, 'models', 'm1'))).toEqual(['config.json']);
});

test.each(FOREIGN)('%s under a prefix has no artifacts, and can be deleted', async (_, make) => {
  await make(join(root, 'models', 'm2'));
  await expect(storage.localFolder('models/m2')).rejects.toThrow(ArtifactDamagedError);
  expect(await storage.listNames('models')).toEqual(['m1']);
  await storage.deleteAll('models/m2');
  expect(await readdir(join(root, 'models'))).toEqual(['m1']);
});

test('a folder with foreign things in it is deleted with them', async () => {
  for (const [index, [, make]] of FOREIGN.entries()) await make(join(root, 'models', 'm1', String(index)));
  await storage.deleteAll('models/m1');
  expect(await storage.listNames('')).toEqual([]);
});

test('an artifact that is longer than is allowed is damage, and is not read', async () => {
  await storage.put('models/m1/graph', 'graph');
  expect(String(await storage.readBytes('models/m1/graph', { maxBytes: 5 }))).toBe('graph');
  await truncate(join(root, 'models', 'm1', 'graph'), 2 ** 40);
  await expect(storage.readBytes('models/m1/graph', { maxBytes: 5 })).rejects.toThrow(
    'The artifact "models/m1/graph" is damaged: it has 1099511627776 bytes, and at most 5 are read.',
  );
});

test('a whole artifact of several readings is as it was written', async () => {
  const bytes = Buffer.from(Array.from({ length: 9 * 2 ** 20 }, (_, at) => at % 251));
  await storage.put('models/m1/graph', bytes);
  expect((await storage.readBytes('models/m1/graph')).equals(bytes)).toBe(true);
  expect((await buffer(await storage.read('models/m1/graph'))).equals(bytes)).toBe(true);
});

test('a file of a folder is read by its path, but not through a link in it', async () => {
  const folder = join(root, 'models', 'm1');
  await storage.put('models/m1/onnx/model.onnx', 'graph');
  expect(String(await readPlainFile(folder, 'onnx/model.onnx'))).toBe('graph');
  await expect(readPlainFile(folder, 'onnx')).rejects.toThrow('"onnx" is damaged: it is a folder and no file');
  await expect(readPlainFile(folder, 'none')).rejects.toThrow(ArtifactNotFoundError);
  await mkdir(join(root, 'elsewhere'));
  await writeFile(join(root, 'elsewhere', 'model.onnx'), 'other');
  await symlink(join(root, 'elsewhere'), join(folder, 'linked'));
  await expect(readPlainFile(folder, 'linked/model.onnx')).rejects.toThrow('behind a symbolic link');
});

test('an absent artifact is not found, and not damaged', async () => {
  await expect(storage.readBytes('models/m1/none', { maxBytes: 1 })).rejects.toThrow(ArtifactNotFoundError);
});
