import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { openStorage, UnknownStorageError } from './open-storage.js';

test('a file: address opens a folder, even one with a space in its name', async () => {
  const root = await mkdtemp(join(tmpdir(), 'glyphmill storage-'));
  try {
    const storage = await openStorage(pathToFileURL(root));
    await storage.put('a', 'x');
    expect(storage.place).toBe(root);
    expect((await (await openStorage(pathToFileURL(root).href)).readBytes('a')).toString()).toBe('x');
  } finally {
    await rm(root, { recursive: true });
  }
});

test.each([['ftp://KEY:SECRET@host/x'], ['/srv/mill'], ['']])(
  'the address %j is refused without being quoted, and the message lists the known schemes',
  async (address) => {
    const refusal = await openStorage(address).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UnknownStorageError);
    expect(String(refusal)).toContain('file://');
    expect(String(refusal)).not.toContain('SECRET');
  },
);
