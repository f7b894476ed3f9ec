import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PASSWORD = /^[\w-]{32,}$/u;

/**
 * The password of the Valkey in a folder: what its file `password` holds, which only its owner may read. It is made when
 * there is none, once however many processes ask at the same time.
 */
export function valkeyPassword(directory: string): string {
  const file = path.join(directory, 'password');
  const found = read(file);
  if (found !== undefined && PASSWORD.test(found)) return found;
  if (found !== undefined) rmSync(file, { force: true });
  const password = randomBytes(32).toString('base64url');
  // Whole from its first moment on, and the first of several stays.
  const unfinished = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(unfinished, `${password}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(unfinished, file);
    return password;
  } catch (error) {
    const first = read(file);
    if (first === undefined) throw error;
    return first;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
