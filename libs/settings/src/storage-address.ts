import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { secret } from './secret.js';

const ALLOWED = 'a file:///… address of a folder; no other kind of storage exists yet';

/**
 * The address of the artifact store. It is secret although a folder is none: addresses of other kinds of storage carry
 * keys, and one that is given too early must not be quoted either.
 */
export const storageAddress = secret(z.string(ALLOWED).refine(isFolder, ALLOWED));

function isFolder(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'file:') return false;
  try {
    return fileURLToPath(url) !== '';
  } catch {
    return false;
  }
}
