import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ArtifactNotFoundError, EmptyFolderError, InvalidKeyError } from './errors.js';
import type { ArtifactInfo, StagedFolder, Storage } from './storage.js';

/** An empty store for one test. */
export interface StoreUnderTest {
  storage: Storage;
  /** The names of what is staged and not yet published; empty again once every write has ended. */
  staged: () => Promise<string[]>;
  /** Puts something into the place that keeps the artifacts that is none. */
  putForeign: (name: string) => Promise<void>;
  close: () => Promise<void>;
}

/** What every storage driver does: each driver's test file calls this with a way to open an empty store. */
export function describeStorage(driver: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${driver} as a storage driver`, () => {
    let opened: StoreUnderTest;
    let storage: Storage;

    beforeEach(async () => {
      opened = await open();
      ({ storage } = opened);
    });

    afterEach(async () => {
      await opened.close();
    });

    async function listAll(prefix: string): Promise<ArtifactInfo[]> {
      const artifacts: ArtifactInfo[] = [];
      for await (const artifact of storage.list(prefix)) artifacts.push(artifact);
      return artifacts;
    }

    async function listKeys(prefix: string): Promise<string[]> {
      return (await listAll(prefix)).map(({ key }) => key);
    }

    async function stageFiles(files: Record<string, string>): Promise<StagedFolder> {
      const staged = await storage.stage();
      for (const [name, content] of Object.entries(files)) {
        await mkdir(join(staged.path, name, '..'), { recursive: true });
        await writeFile(join(staged.path, name), content);
      }
      return staged;
    }

    describe('put', () => {
      test.each([
        ['bytes', () => Buffer.from('naïve'), 6],
        ['a string', () => 'naïve', 6],
        ['a stream', () => Readable.from([Buffer.from('na'), Buffer.from('ïve')]), 6],
        ['nothing', () => '', 0],
      ])('put keeps %s and returns the size', async (_, content, sizeBytes) => {
        expect(await storage.put('datasets/d1/text', content())).toBe(sizeBytes);
        expect(await storage.readBytes('datasets/d1/text')).toHaveLength(sizeBytes);
        expect(await storage.stat('datasets/d1/text')).toMatchObject({ key: 'datasets/d1/text', sizeBytes });
      });

      test('put replaces what was there, and a reader that had begun reads on in the old', async () => {
        await storage.put('a', 'old');
        const reader = await storage.read('a');
        await storage.put('a', 'new');
        expect(await text(reader)).toBe('old');
        expect(await text(await storage.read('a'))).toBe('new');
      });

      test('put of a stream that fails yields its own error and leaves the old bytes and no rest', async () => {
        await storage.put('a', 'old');
        const failure = Object.assign(new Error('no such source'), { code: 'ENOENT', syscall: 'open' });
        async function* failing(): AsyncGenerator<string> {
          yield 'new';
          throw failure;
        }
        await expect(storage.put('a', Readable.from(failing()))).rejects.toBe(failure);
        expect((await storage.readBytes('a')).toString()).toBe('old');
        expect(await opened.staged()).toEqual([]);
      });

      test('put of a stream that is cut off fails', async () => {
        const cutOff = new Readable({ read: () => undefined });
        cutOff.push('half');
        const put = storage.put('a', cutOff);
        cutOff.destroy();
        await expect(put).rejects.toThrow('Premature close');
        expect(await storage.stat('a')).toBeUndefined();
      });

      test('put refuses an artifact as a folder and a folder as an artifact', async () => {
        await storage.put('a/b', 'x');
        await expect(storage.put('a/b/c', 'y')).rejects.toThrow(
          'The key "a/b/c" is not valid: "b" is an artifact and no folder.',
        );
        await expect(storage.put('a', 'y')).rejects.toThrow('The key "a" is not valid: other artifacts are below it.');
        await expect(storage.putIfAbsent('a', 'y')).rejects.toThrow(InvalidKeyError);
        expect(await opened.staged()).toEqual([]);
      });
    });

    describe('putIfAbsent', () => {
      test('putIfAbsent writes once', async () => {
        expect(await storage.putIfAbsent('a/b', 'first')).toBe(true);
        expect(await storage.putIfAbsent('a/b', 'second')).toBe(false);
        expect((await storage.readBytes('a/b')).toString()).toBe('first');
      });
    });

    test('of eight writers at once that put one artifact where there is none, one is told that it did', async () => {
      const writers = Array.from({ length: 8 }, (_, writer) => String(writer));
      for (let round = 0; round < 5; round += 1) {
        const key = `race/${round}`;
        const answers = await Promise.all(writers.map((writer) => storage.putIfAbsent(key, writer)));
        const winners = writers.filter((_, place) => answers[place]);
        expect(winners).toEqual([(await storage.readBytes(key)).toString()]);
      }
    });

    describe('read', () => {
      test('read yields any range that a slice of the bytes would', async () => {
        const bytes = Buffer.from('0123456789');
        await storage.put('digits', bytes);
        await fc.assert(
          fc.asyncProperty(fc.nat(12), fc.nat(12), async (start, length) => {
            const range = await storage.read('digits', { start, end: start + length });
            expect(await buffer(range)).toEqual(bytes.subarray(start, start + length + 1));
          }),
        );
      });

      test.each([
        [-1, 2],
        [3, 2],
        [0, 0.5],
        [0, Number.NaN],
      ])('read refuses the range from %d to %d', async (start, end) => {
        await storage.put('digits', '0123456789');
        await expect(storage.read('digits', { start, end })).rejects.toThrow(RangeError);
      });

      test.each([['none'], ['folder'], ['folder/file/below']])(
        'read of %s throws before there is a stream',
        async (key) => {
          await storage.put('folder/file', 'x');
          await expect(storage.read(key)).rejects.toThrow(ArtifactNotFoundError);
          await expect(storage.readBytes(key)).rejects.toThrow(`There is no artifact "${key}".`);
          expect(await storage.stat(key)).toBeUndefined();
        },
      );
    });

    describe('list', () => {
      test('list yields the keys in order of their code units, whatever is a folder', async () => {
        const keys = ['a', 'b+c', 'b-c/d', 'b.c', 'b/c', 'b/c-d', 'b0', 'B/x', '_/y'];
        for (const key of keys) await storage.put(key, key);
        expect(await listKeys('')).toEqual(keys.toSorted());
        expect(await listKeys('b')).toEqual(['b/c', 'b/c-d']);
        expect(await listKeys('a')).toEqual([]);
        expect(await listKeys('none')).toEqual([]);
      });

      test('list yields size and time', async () => {
        await storage.put('a/b', 'four');
        expect(await listAll('a')).toEqual([{ key: 'a/b', sizeBytes: 4, modifiedAt: expect.any(Date) }]);
      });

      test('list leaves out what is staged, what is foreign, and what vanishes meanwhile', async () => {
        for (const key of ['a', 'b', 'c/d']) await storage.put(key, 'x');
        await stageFiles({ file: 'x' });
        await opened.putForeign('not a key.txt');
        const keys: string[] = [];
        for await (const { key } of storage.list('')) {
          keys.push(key);
          await storage.delete('b');
          await storage.deleteAll('c');
        }
        expect(keys).toEqual(['a']);
      });
    });

    test('listNames yields files and folders directly below a prefix, sorted', async () => {
      for (const key of ['m/b/x', 'm/b-a', 'm/a', 'n']) await storage.put(key, 'x');
      await opened.putForeign('m/.hidden');
      expect(await storage.listNames('m')).toEqual(['a', 'b', 'b-a']);
      expect(await storage.listNames('')).toEqual(['m', 'n']);
      expect(await storage.listNames('none')).toEqual([]);
    });

    describe('deleting', () => {
      test('one artifact leaves the others and no empty folder', async () => {
        await storage.put('a/b/c', 'x');
        await storage.put('a/d', 'x');
        await storage.delete('a/b/c');
        expect(await storage.listNames('a')).toEqual(['d']);
        await storage.delete('a/d');
        expect(await storage.listNames('')).toEqual([]);
      });

      test('deleting what is not there is harmless', async () => {
        await storage.put('a/b', 'x');
        for (const key of ['none', 'a', 'a/b/c']) await storage.delete(key);
        for (const prefix of ['none', 'a/b', 'a/b/c']) await storage.deleteAll(prefix);
        expect(await listKeys('')).toEqual(['a/b']);
      });

      test('a prefix removes what is below it and not what only begins like it', async () => {
        for (const key of ['a/b', 'a/c/d', 'ab']) await storage.put(key, 'x');
        await storage.deleteAll('a');
        expect(await listKeys('')).toEqual(['ab']);
        expect(await opened.staged()).toEqual([]);
      });

      test('everything at once is not to be had', async () => {
        await storage.put('a', 'x');
        await expect(storage.deleteAll('')).rejects.toThrow(InvalidKeyError);
        expect(await listKeys('')).toEqual(['a']);
      });
    });

    describe('a staged folder', () => {
      test('a staged folder is seen when it is published, with all its files', async () => {
        const staged = await stageFiles({ 'config.json': '{}', 'onnx/model.onnx': 'graph' });
        expect(await listKeys('')).toEqual([]);
        expect(await staged.publish('models/m1')).toBe(true);
        await staged.discard();
        expect(await listKeys('')).toEqual(['models/m1/config.json', 'models/m1/onnx/model.onnx']);
        const local = await storage.localFolder('models/m1');
        expect(await readFile(join(local.path, 'onnx/model.onnx'), 'utf8')).toBe('graph');
        local.release();
      });

      test('a staged folder is thrown away where another was published before', async () => {
        const [first, second] = [await stageFiles({ a: 'first' }), await stageFiles({ a: 'second', b: 'second' })];
        expect(await first.publish('m')).toBe(true);
        expect(await second.publish('m')).toBe(false);
        expect(await listKeys('')).toEqual(['m/a']);
        expect((await storage.readBytes('m/a')).toString()).toBe('first');
        expect(await opened.staged()).toEqual([]);
      });

      test('a staged folder is published by one of eight that publish at once, whole', async () => {
        const names = Array.from({ length: 8 }, (_, place) => String(place));
        const folders = await Promise.all(names.map((name) => stageFiles({ a: name, [name]: name })));
        const answers = await Promise.all(folders.map((folder) => folder.publish('m')));
        const winners = names.filter((_, place) => answers[place]);
        expect(winners).toHaveLength(1);
        expect(await listKeys('')).toEqual([`m/${winners[0]}`, 'm/a']);
        expect((await storage.readBytes('m/a')).toString()).toBe(winners[0]);
        expect(await opened.staged()).toEqual([]);
      });

      test('a staged folder is gone when it is discarded', async () => {
        const staged = await stageFiles({ a: 'x' });
        await staged.discard();
        await staged.discard();
        expect(await opened.staged()).toEqual([]);
      });

      test('a staged folder without files is not published', async () => {
        const staged = await storage.stage();
        await mkdir(join(staged.path, 'empty'));
        await expect(staged.publish('m')).rejects.toThrow(EmptyFolderError);
      });

      test('a staged folder with a file that no key reaches is not published', async () => {
        const hidden = await stageFiles({ a: 'x', '.hidden': 'x' });
        await expect(hidden.publish('m')).rejects.toThrow('The key "m/.hidden" is not valid');
        const linked = await stageFiles({ a: 'x' });
        await symlink('/etc/hostname', join(linked.path, 'link'));
        await expect(linked.publish('m')).rejects.toThrow(
          'The key "m/link" is not valid: it is neither a file nor a folder.',
        );
        expect(await listKeys('')).toEqual([]);
      });

      test('a staged folder is not published over an artifact', async () => {
        await storage.put('m', 'x');
        await expect((await stageFiles({ a: 'x' })).publish('m')).rejects.toThrow(InvalidKeyError);
        expect((await storage.readBytes('m')).toString()).toBe('x');
      });
    });

    test('a local folder is whole until its last user releases it, even when the artifacts are read again meanwhile', async () => {
      await (await stageFiles({ a: 'x', 'b/c': 'y' })).publish('m');
      const [first, second] = await Promise.all([storage.localFolder('m'), storage.localFolder('m')]);
      first.release();
      first.release();
      expect(await readFile(join(second.path, 'a'), 'utf8')).toBe('x');
      expect(await readFile(join(second.path, 'b', 'c'), 'utf8')).toBe('y');
      second.release();
    });

    test('localFolder of nothing, or of an artifact, is not found', async () => {
      await storage.put('a', 'x');
      await expect(storage.localFolder('none')).rejects.toThrow(ArtifactNotFoundError);
      await expect(storage.localFolder('a')).rejects.toThrow(ArtifactNotFoundError);
    });

    test.each([['../escape'], ['/etc/passwd'], ['a/../../b'], ['.staging/x'], ['']])(
      'every method refuses the key %j',
      async (key) => {
        const staged = await stageFiles({ a: 'x' });
        const attempts = [
          () => storage.put(key, 'x'),
          () => storage.putIfAbsent(key, 'x'),
          () => storage.read(key),
          () => storage.readBytes(key),
          () => storage.stat(key),
          () => storage.delete(key),
          () => storage.deleteAll(key),
          () => storage.localFolder(key),
          () => staged.publish(key),
          () => listKeys(key === '' ? '..' : key),
          () => storage.listNames(key === '' ? '..' : key),
        ];
        for (const attempt of attempts) await expect(attempt()).rejects.toThrow(InvalidKeyError);
      },
    );
  });
}
